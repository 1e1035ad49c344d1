#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_words.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using absl::StrCat;
using Stub = v1::ConflictService::Stub;

constexpr char kPrefix[] = "conflicts/";

struct ConflictOptions {
  std::string state;
  std::string platform;
  std::string model;
  std::string record;
  int limit = 100;
  std::vector<std::string> names;
  std::vector<std::string> fields;
};

std::string IdOf(const v1::Conflict& conflict) {
  return std::string(absl::StripPrefix(conflict.name(), kPrefix));
}

// What `list` shows is taken as well as what the services say.
std::string NameOf(const std::string& id) { return absl::StartsWith(id, kPrefix) ? id : StrCat(kPrefix, id); }

std::string ShowValue(const v1::Value& value) {
  return value.kind_case() == v1::Value::KIND_NOT_SET ? "-" : ShowOneValue(value);
}

// A table is for eyes: `get` shows the whole.
std::string Shortened(std::string text) {
  constexpr size_t kShown = 40;
  if (text.size() <= kShown) return text;
  size_t end = kShown;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  return StrCat(text.substr(0, end), "…");
}

std::string StateOf(const v1::Conflict& conflict) {
  return FormatEnum(v1::ConflictState_Name(conflict.state()), "CONFLICT_STATE_");
}

std::string Delivered(const v1::Conflict& conflict, const v1::ConflictField& field) {
  return conflict.is_delete() ? "(deleted)" : ShowValue(field.delivered());
}

absl::Status List(Context& context, const ConflictOptions& options) {
  Client client = context.Connect();
  Table table({"CONFLICT", "FOUND", "STATE", "RECORD", "FIELD", "WON", "LOST"});
  v1::ListConflictsRequest request;
  v1::ConflictState state = v1::CONFLICT_STATE_UNSPECIFIED;
  if (!options.state.empty())
    v1::ConflictState_Parse(StrCat("CONFLICT_STATE_", absl::AsciiStrToUpper(options.state)), &state);
  request.set_state(state);
  request.mutable_record()->set_platform(options.platform);
  request.mutable_record()->set_model(options.model);
  request.mutable_record()->set_local_id(options.record);
  int left = options.limit;
  do {
    request.set_page_size(std::min(left, 1000));
    ASSIGN_OR_RETURN(const v1::ListConflictsResponse page,
                     client.Call(client.conflicts(), &Stub::ListConflicts, request));
    for (const v1::Conflict& conflict : page.conflicts()) {
      if (context.json) PrintJson(std::cout, conflict);
      for (const v1::ConflictField& field : conflict.fields()) {
        const std::string own = ShowValue(field.own()), delivered = Delivered(conflict, field);
        table.Add({IdOf(conflict), FormatTime(conflict.create_time()), StateOf(conflict),
                   FormatRecord(conflict.record()), field.field(),
                   Shortened(field.own_won() ? own : delivered),
                   Shortened(field.own_won() ? delivered : own)});
      }
    }
    left -= page.conflicts_size();
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (context.json) return absl::OkStatus();
  table.Print(std::cout, "No conflicts: no edit has met another, or none that you ask for.");
  if (!request.page_token().empty()) std::cout << "There are older ones: --limit shows more.\n";
  return absl::OkStatus();
}

void PrintSide(const v1::RecordKey& record, int64_t version, const google::protobuf::Timestamp& time) {
  std::cout << FormatRecord(record) << " (version " << version;
  if (time.seconds() != 0) std::cout << ", " << FormatTime(time);
  std::cout << ")";
}

void PrintConflict(const v1::Conflict& conflict) {
  const bool is_own = !conflict.has_other_record();  // overtaken by the record's own next edit
  const v1::RecordKey& other = is_own ? conflict.record() : conflict.other_record();
  std::cout << conflict.name() << ": " << StateOf(conflict) << ", found "
            << FormatTime(conflict.create_time()) << ".\nAn edit of ";
  PrintSide(conflict.record(), conflict.own_version(), conflict.own_time());
  std::cout << (conflict.is_delete() ? " met the delete of "
                : is_own             ? " met the next edit of "
                                     : " met one of ");
  PrintSide(other, conflict.delivered_version(), conflict.delivered_time());
  std::cout << ".\n\n";
  Table table({"FIELD", "BOTH HAD", StrCat(conflict.record().platform(), is_own ? ", EARLIER" : ""),
               StrCat(other.platform(), is_own ? ", LATER" : ""), "WON", "POLICY"});
  for (const v1::ConflictField& field : conflict.fields()) {
    const std::string own = ShowValue(field.own()), delivered = Delivered(conflict, field);
    table.Add({field.field(), ShowValue(field.base()), own, delivered, field.own_won() ? own : delivered,
               FormatEnum(v1::ConflictPolicy_Name(field.policy()), "CONFLICT_POLICY_")});
  }
  table.Print(std::cout, "");
}

absl::Status Get(Context& context, const ConflictOptions& options) {
  Client client = context.Connect();
  for (const std::string& name : options.names) {
    v1::GetConflictRequest request;
    request.set_name(NameOf(name));
    ASSIGN_OR_RETURN(const v1::GetConflictResponse response,
                     client.Call(client.conflicts(), &Stub::GetConflict, request));
    if (context.json) {
      PrintJson(std::cout, response.conflict());
    } else {
      PrintConflict(response.conflict());
    }
  }
  return absl::OkStatus();
}

absl::Status Resolve(Context& context, const ConflictOptions& options, v1::ConflictResolution resolution) {
  Client client = context.Connect();
  for (const std::string& name : options.names) {
    v1::ResolveConflictRequest request;
    request.set_name(NameOf(name));
    request.set_resolution(resolution);
    request.mutable_fields()->Assign(options.fields.begin(), options.fields.end());
    ASSIGN_OR_RETURN(const v1::ResolveConflictResponse response,
                     client.Call(client.conflicts(), &Stub::ResolveConflict, request));
    if (context.json) {
      PrintJson(std::cout, response.conflict());
    } else {
      std::cout << FormatRecord(response.conflict().record())
                << (resolution == v1::CONFLICT_RESOLUTION_KEEP
                        ? " stays as it is; the conflict is resolved.\n"
                        : " gets back what had lost, as a new version for every platform; the conflict is "
                          "resolved.\n");
    }
  }
  return absl::OkStatus();
}

void AddNames(CLI::App* command, ConflictOptions& options) {
  command->add_option("name", options.names, "As `cognate conflict list` shows it")->required();
}

void AddList(CLI::App* conflict, Context& context, const std::shared_ptr<ConflictOptions>& options) {
  CLI::App* const list =
      conflict->add_subcommand("list", "List conflicts, newest first, a line for each field");
  list->footer(
      "Examples:\n"
      "  cognate conflict list --state open                            what waits for a person\n"
      "  cognate conflict list --platform shop --model public.nations --record 62");
  list->add_option("--state", options->state, "Only those in this state")
      ->check(CLI::IsMember({"open", "decided", "resolved"}, CLI::ignore_case));
  CLI::Option* const platform =
      list->add_option("--platform", options->platform, "Only those of this platform's records");
  CLI::Option* const model =
      list->add_option("--model", options->model, "Only those of this model's records")->needs(platform);
  list->add_option("--record", options->record, "Only those of this record")->needs(model);
  list->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  list->callback([&context, options] { context.status = List(context, *options); });
}

}  // namespace

void AddConflictCommand(CLI::App& app, Context& context) {
  CLI::App* const conflict =
      app.add_subcommand("conflict", "Edits of one record on two platforms at once: what won, and what lost");
  conflict->require_subcommand(1);
  conflict->footer(
      "Examples:\n"
      "  cognate conflict list --state open\n"
      "  cognate conflict get 0197f3a2-6a1c-7d44-9a2e-3f5b8c1d2e4f\n"
      "  cognate conflict restore 0197f3a2-6a1c-7d44-9a2e-3f5b8c1d2e4f --field title");
  auto options = std::make_shared<ConflictOptions>();
  AddList(conflict, context, options);

  CLI::App* const get = conflict->add_subcommand("get", "Show both edits, field by field");
  get->footer("Example:\n  cognate conflict get 0197f3a2-6a1c-7d44-9a2e-3f5b8c1d2e4f");
  AddNames(get, *options);
  get->callback([&context, options] { context.status = Get(context, *options); });

  CLI::App* const keep = conflict->add_subcommand("keep", "Say that what is in place is right");
  keep->footer("Example:\n  cognate conflict keep 0197f3a2-6a1c-7d44-9a2e-3f5b8c1d2e4f");
  AddNames(keep, *options);
  keep->callback(
      [&context, options] { context.status = Resolve(context, *options, v1::CONFLICT_RESOLUTION_KEEP); });

  CLI::App* const restore =
      conflict->add_subcommand("restore", "Give the record what had lost; every platform gets it");
  restore->footer("Example:\n  cognate conflict restore 0197f3a2-6a1c-7d44-9a2e-3f5b8c1d2e4f --field title");
  AddNames(restore, *options);
  restore->add_option("--field", options->fields, "Only these fields; the others stay as they are");
  restore->callback(
      [&context, options] { context.status = Resolve(context, *options, v1::CONFLICT_RESOLUTION_RESTORE); });
}

}  // namespace cognate::cli
