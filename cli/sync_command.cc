#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

struct SyncOptions {
  std::string id;
  std::string from;
  std::string to;
  std::vector<std::string> maps;
  std::vector<std::string> references;
  bool all_fields = false;
};

absl::Status Wrong(absl::string_view option, absl::string_view got, absl::string_view want) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
               absl::StrCat(option, ": got \"", got, "\", want ", want));
}

absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view option,
                                                              absl::string_view text, char separator,
                                                              absl::string_view want) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(separator, 1));
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) return Wrong(option, text, want);
  return std::make_pair(parts[0], parts[1]);
}

absl::StatusOr<v1::Sync> MakeSync(const SyncOptions& options) {
  v1::Sync sync;
  sync.set_name(absl::StrCat("syncs/", options.id));
  ASSIGN_OR_RETURN(const auto from, SplitPair("--from", options.from, ':', "platform:model"));
  ASSIGN_OR_RETURN(const auto to, SplitPair("--to", options.to, ':', "platform:model"));
  sync.set_source_platform(from.first);
  sync.set_source_model(from.second);
  sync.set_target_platform(to.first);
  sync.set_target_model(to.second);
  sync.set_all_fields(options.all_fields);
  for (const std::string& map : options.maps) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--map", map, '=', "source_field=target_field"));
    v1::FieldMapping& field = *sync.add_fields();
    field.set_source(pair.first);
    field.set_target(pair.second);
  }
  for (const std::string& reference : options.references) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--reference", reference, '=', "source_field=source_model"));
    bool found = false;
    for (v1::FieldMapping& field : *sync.mutable_fields()) {
      if (field.source() != pair.first) continue;
      field.mutable_reference()->set_source_model(pair.second);
      found = true;
    }
    if (!found) return Wrong("--reference", reference, "a source field that --map names, too");
  }
  return sync;
}

absl::Status Create(Context& context, const SyncOptions& options) {
  v1::CreateSyncRequest request;
  ASSIGN_OR_RETURN(*request.mutable_sync(), MakeSync(options));
  request.set_request_id(Uuid::V7(Clock::Real()).ToString());
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::CreateSyncResponse response,
                   client.Call(client.registry(), &Stub::CreateSync, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << "Sync " << options.id << " is there: " << response.sync().title() << ".\n";
  for (const std::string& warning : response.warnings()) std::cout << "  note: " << warning << "\n";
  return absl::OkStatus();
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  Table table({"SYNC", "STATUS", "WHAT", "REVISION"});
  v1::ListSyncsRequest request;
  do {
    ASSIGN_OR_RETURN(const v1::ListSyncsResponse page,
                     client.Call(client.registry(), &Stub::ListSyncs, request));
    for (const v1::Sync& sync : page.syncs()) {
      if (context.json) PrintJson(std::cout, sync);
      table.Add({std::string(absl::StripPrefix(sync.name(), "syncs/")),
                 FormatEnum(v1::SyncStatus_Name(sync.status()), "SYNC_STATUS_"), sync.title(),
                 absl::StrCat(sync.revision())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No syncs yet: `cognate sync create --help`.");
  return absl::OkStatus();
}

absl::Status SetStatus(Context& context, const std::string& id, v1::SyncStatus status) {
  Client client = context.Connect();
  v1::UpdateSyncRequest request;
  request.mutable_sync()->set_name(absl::StrCat("syncs/", id));
  request.mutable_sync()->set_status(status);
  request.mutable_update_mask()->add_paths("status");
  ASSIGN_OR_RETURN(const v1::UpdateSyncResponse response,
                   client.Call(client.registry(), &Stub::UpdateSync, request));
  if (context.json) PrintJson(std::cout, response);
  return absl::OkStatus();
}

absl::Status Delete(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::DeleteSyncRequest request;
  request.set_name(absl::StrCat("syncs/", id));
  ASSIGN_OR_RETURN(const v1::DeleteSyncResponse response,
                   client.Call(client.registry(), &Stub::DeleteSync, request));
  if (context.json) PrintJson(std::cout, response);
  return absl::OkStatus();
}

}  // namespace

void AddSyncCommand(CLI::App& app, Context& context) {
  CLI::App* sync = app.add_subcommand("sync", "Rules: what goes where");
  sync->require_subcommand(1);
  auto options = std::make_shared<SyncOptions>();

  CLI::App* create = sync->add_subcommand("create", "Add a sync");
  create->footer(
      "Examples:\n"
      "  cognate sync create countries --from atlas:public.country --to shop:public.nations --map "
      "alpha2=iso2 "
      "--map name=title\n"
      "  cognate sync create users --from crm:public.users --to shop:public.users --all-fields\n"
      "References to other records follow from the foreign keys; --reference declares one that has none.");
  create->add_option("id", options->id, "a-z, 0-9 and -, beginning with a letter")->required();
  create->add_option("--from", options->from, "platform:model")->required();
  create->add_option("--to", options->to, "platform:model")->required();
  create->add_option("--map", options->maps, "source_field=target_field; may come often")->take_all();
  create->add_option("--reference", options->references, "source_field=source_model that its values refer to")
      ->take_all();
  create->add_flag("--all-fields", options->all_fields,
                   "Also every field that has the same name on both sides");
  create->callback([&context, options] { context.status = Create(context, *options); });

  sync->add_subcommand("list", "List syncs")->callback([&context] { context.status = List(context); });
  const auto add_by_id = [&](const char* name, const char* help, auto act) {
    CLI::App* command = sync->add_subcommand(name, help);
    command->add_option("id", options->id)->required();
    command->callback([&context, options, act] { context.status = act(context, options->id); });
  };
  add_by_id("pause", "Stop planning for it; changes are still captured",
            [](Context& c, const std::string& id) { return SetStatus(c, id, v1::SYNC_STATUS_PAUSED); });
  add_by_id("resume", "Plan for it again; a backfill brings what came in between",
            [](Context& c, const std::string& id) { return SetStatus(c, id, v1::SYNC_STATUS_ACTIVE); });
  add_by_id("delete", "Delete it; what it brought stays", Delete);
}

}  // namespace cognate::cli
