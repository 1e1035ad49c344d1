#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_words.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::AssignmentService::Stub;

// More than a call takes is sent in several.
constexpr size_t kRecordsACall = 10'000;

struct AssignmentOptions {
  std::string platform;
  std::string model;
  std::vector<std::string> ids;
  std::string to;  // with commas between
  std::string assigned_to;
  bool nowhere = false;
  std::string author;
  int64_t revision = 0;
  bool has_revision = false;
};

Table NewTable() { return Table({"RECORD", "ASSIGNED TO", "FROM THERE", "REVISION", "CHANGED"}); }

void AddRow(const v1::RecordAssignments& record, Table* table) {
  table->Add({record.record().local_id(),
              record.platforms().empty() ? "-" : absl::StrJoin(record.platforms(), ", "),
              absl::StrJoin(record.home_platforms(), ", "), absl::StrCat(record.revision()),
              record.has_update_time() ? FormatTime(record.update_time()) : "-"});
}

v1::RecordKey KeyOf(const AssignmentOptions& options, const std::string& id) {
  v1::RecordKey key;
  key.set_platform(options.platform);
  key.set_model(options.model);
  key.set_local_id(id);
  return key;
}

absl::Status Change(Context& context, const AssignmentOptions& options, v1::AssignmentMode mode) {
  Client client = context.Connect();
  Table table = NewTable();
  int64_t changed = 0;
  for (size_t from = 0; from < options.ids.size(); from += kRecordsACall) {
    v1::SetAssignmentsRequest request;
    request.set_mode(mode);
    request.set_author(options.author);
    for (size_t i = from; i < std::min(options.ids.size(), from + kRecordsACall); ++i) {
      v1::RecordAssignments* const record = request.add_records();
      *record->mutable_record() = KeyOf(options, options.ids[i]);
      for (const absl::string_view platform : absl::StrSplit(options.to, ',', absl::SkipEmpty())) {
        record->add_platforms(std::string(platform));
      }
      if (options.has_revision) record->set_revision(options.revision);
    }
    ASSIGN_OR_RETURN(const v1::SetAssignmentsResponse response,
                     client.Call(client.assignments(), &Stub::SetAssignments, request));
    changed += response.changed_count();
    if (context.json) PrintJson(std::cout, response);
    for (const v1::RecordAssignments& record : response.records()) AddRow(record, &table);
  }
  if (context.json) return absl::OkStatus();
  table.Print(std::cout, "");
  std::cout << FormatCount(changed) << " of " << FormatCount(static_cast<int64_t>(options.ids.size()))
            << " records are assigned otherwise now; syncs that look at it bring them, or have them leave.\n";
  return absl::OkStatus();
}

absl::Status Get(Context& context, const AssignmentOptions& options) {
  Client client = context.Connect();
  Table table = NewTable();
  v1::GetAssignmentsRequest request;
  for (const std::string& id : options.ids) *request.add_records() = KeyOf(options, id);
  ASSIGN_OR_RETURN(const v1::GetAssignmentsResponse response,
                   client.Call(client.assignments(), &Stub::GetAssignments, request));
  for (const v1::RecordAssignments& record : response.records()) {
    if (context.json) PrintJson(std::cout, record);
    AddRow(record, &table);
  }
  if (!context.json) table.Print(std::cout, "");
  return absl::OkStatus();
}

absl::Status List(Context& context, const AssignmentOptions& options) {
  Client client = context.Connect();
  Table table = NewTable();
  v1::ListAssignmentsRequest request;
  request.set_platform(options.platform);
  request.set_model(options.model);
  request.set_assigned_platform(options.assigned_to);
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListAssignmentsResponse page,
                     client.Call(client.assignments(), &Stub::ListAssignments, request));
    for (const v1::RecordAssignments& record : page.records()) {
      if (context.json) {
        PrintJson(std::cout, record);
      } else {
        AddRow(record, &table);
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json)
    table.Print(std::cout, "No record of this model is assigned: `cognate assignment set --help`.");
  return absl::OkStatus();
}

absl::Status History(Context& context, const AssignmentOptions& options) {
  Client client = context.Connect();
  v1::ListAssignmentChangesRequest request;
  *request.mutable_record() = KeyOf(options, options.ids[0]);
  ASSIGN_OR_RETURN(const v1::ListAssignmentChangesResponse response,
                   client.Call(client.assignments(), &Stub::ListAssignmentChanges, request));
  Table table({"REVISION", "WHEN", "BY", "ADDED", "REMOVED", "THEN ASSIGNED TO"});
  for (const v1::AssignmentChange& change : response.changes()) {
    if (context.json) PrintJson(std::cout, change);
    table.Add({absl::StrCat(change.revision()), FormatTime(change.change_time()), change.author(),
               absl::StrJoin(change.added_platforms(), ", "), absl::StrJoin(change.removed_platforms(), ", "),
               absl::StrJoin(change.platforms(), ", ")});
  }
  if (!context.json) table.Print(std::cout, "Its assignments were not changed in the last 90 days.");
  return absl::OkStatus();
}

absl::Status Enable(Context& context, const AssignmentOptions& options, bool assignable) {
  Client client = context.Connect();
  v1::UpdateModelRequest request;
  request.mutable_model()->set_name(absl::StrCat("platforms/", options.platform, "/models/", options.model));
  request.mutable_model()->set_assignable(assignable);
  request.mutable_update_mask()->add_paths("assignable");
  ASSIGN_OR_RETURN(const v1::UpdateModelResponse response,
                   client.Call(client.registry(), &v1::PlatformRegistryService::Stub::UpdateModel, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << options.model << " on " << options.platform << (assignable ? " has" : " no longer has")
            << " assignments.\n";
  PrintDrifts(std::cout, response.drifts());
  return absl::OkStatus();
}

void AddModel(CLI::App* command, AssignmentOptions& options) {
  command->add_option("platform", options.platform, "A platform that has the records, such as atlas")
      ->required();
  command->add_option("model", options.model, "Their model there, such as public.country")->required();
}

void AddIds(CLI::App* command, AssignmentOptions& options) {
  AddModel(command, options);
  command->add_option("ids", options.ids, "What the platform calls them")->required();
}

struct ChangeCommand {
  const char* name;
  const char* help;
  const char* to;
  v1::AssignmentMode mode;
};

void AddChange(CLI::App* assignment, Context& context, const ChangeCommand& change) {
  auto options = std::make_shared<AssignmentOptions>();
  CLI::App* const command = assignment->add_subcommand(change.name, change.help);
  command->footer(absl::StrCat("Example:\n  cognate assignment ", change.name,
                               " atlas public.country 62 63 --", change.to, " shop,blog"));
  AddIds(command, *options);
  CLI::Option* const to =
      command->add_option(absl::StrCat("--", change.to), options->to, "Platforms' ids, with commas between");
  if (change.mode == v1::ASSIGNMENT_MODE_REPLACE) {
    CLI::Option* const nowhere =
        command->add_flag("--nowhere", options->nowhere, "Assign them to no platform");
    nowhere->excludes(to);
    command->callback([to, nowhere] {
      if (to->count() + nowhere->count() == 0) throw CLI::RequiredError("--to or --nowhere");
    });
  } else {
    to->required();
  }
  command->add_option("--author", options->author, "Who sets them, for the history");
  CLI::Option* const revision =
      command->add_option("--revision", options->revision, "Refuse it unless this is the current revision");
  command->final_callback([&context, options, revision, change] {
    options->has_revision = revision->count() > 0;
    context.status = Change(context, *options, change.mode);
  });
}

}  // namespace

void AddAssignmentCommand(CLI::App& app, Context& context) {
  CLI::App* const assignment = app.add_subcommand("assignment", "Which platforms records are meant for");
  assignment->require_subcommand(1);
  assignment->footer(
      "Examples:\n"
      "  cognate assignment enable atlas public.country      records of this model have assignments\n"
      "  cognate sync update countries --only-assigned       the sync takes the assigned ones alone\n"
      "  cognate assignment add atlas public.country 62 63 --to shop\n"
      "  cognate assignment list atlas public.country --to shop");
  for (const ChangeCommand& change :
       {ChangeCommand{"set", "Assign records to these platforms and no others", "to",
                      v1::ASSIGNMENT_MODE_REPLACE},
        ChangeCommand{"add", "Assign records to these platforms as well", "to", v1::ASSIGNMENT_MODE_ADD},
        ChangeCommand{"remove", "Assign records to these platforms no longer", "from",
                      v1::ASSIGNMENT_MODE_REMOVE}}) {
    AddChange(assignment, context, change);
  }

  auto options = std::make_shared<AssignmentOptions>();
  CLI::App* const get = assignment->add_subcommand("get", "Show what records are assigned to");
  get->footer("Example:\n  cognate assignment get atlas public.country 62");
  AddIds(get, *options);
  get->callback([&context, options] { context.status = Get(context, *options); });

  CLI::App* const list = assignment->add_subcommand("list", "List the records of a model that are assigned");
  list->footer("Example:\n  cognate assignment list atlas public.country --to shop");
  AddModel(list, *options);
  list->add_option("--to", options->assigned_to, "Only those that are assigned to this platform");
  list->callback([&context, options] { context.status = List(context, *options); });

  CLI::App* const history =
      assignment->add_subcommand("history", "Show how a record's assignments were changed");
  history->footer("Example:\n  cognate assignment history atlas public.country 62");
  AddIds(history, *options);
  history->callback([&context, options] { context.status = History(context, *options); });

  for (const bool assignable : {true, false}) {
    CLI::App* const enable = assignment->add_subcommand(
        assignable ? "enable" : "disable",
        assignable ? "Give records of a model assignments" : "Take assignments from records of a model");
    enable->footer(absl::StrCat("Example:\n  cognate assignment ", assignable ? "enable" : "disable",
                                " atlas public.country"));
    AddModel(enable, *options);
    enable->callback(
        [&context, options, assignable] { context.status = Enable(context, *options, assignable); });
  }
}

}  // namespace cognate::cli
