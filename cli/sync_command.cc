#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/file_options.h"
#include "cli/output.h"
#include "cli/schedule_options.h"
#include "cli/sync_file_commands.h"
#include "cli/sync_match.h"
#include "cli/sync_options.h"
#include "cli/sync_standing.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "services/clients/guard.h"

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
  std::string filter;
  bool only_assigned = false;
  std::string leave;
  std::string on_delete;
  std::string conflict_policy;
  int max_leaving_percent = 0;
  std::vector<std::string> before, after, acting_identity;
  ScheduleOptions schedule;
  SyncFileOptions files;
};

// Every one, with its path in an update's mask.
struct GivenOption {
  CLI::Option* option;
  const char* path;
};

// What may also be changed later.
absl::Status SetRules(const SyncOptions& options, v1::Sync* sync) {
  sync->set_all_fields(options.all_fields);
  RETURN_IF_ERROR(AddMappings(options.maps, options.references, sync));
  RETURN_IF_ERROR(options.files.Set(sync));
  sync->set_filter(options.filter);
  sync->set_only_assigned(options.only_assigned);
  if (!options.leave.empty()) {
    ASSIGN_OR_RETURN(*sync->mutable_leave(), ParseLeavePolicy("--leave", options.leave));
  }
  if (!options.on_delete.empty()) {
    ASSIGN_OR_RETURN(*sync->mutable_on_delete(), ParseLeavePolicy("--on-delete", options.on_delete));
  }
  v1::ConflictPolicy policy = v1::CONFLICT_POLICY_UNSPECIFIED;  // what is no policy's word was refused before
  v1::ConflictPolicy_Parse(absl::StrCat("CONFLICT_POLICY_", absl::AsciiStrToUpper(options.conflict_policy)),
                           &policy);
  sync->set_conflict_policy(policy);
  sync->set_max_leaving_percent(options.max_leaving_percent);
  for (const std::string& id : options.before)
    sync->add_before(absl::StrCat("pipelines/", absl::StripPrefix(id, "pipelines/")));
  for (const std::string& id : options.after)
    sync->add_after(absl::StrCat("pipelines/", absl::StripPrefix(id, "pipelines/")));
  for (const std::string& path : options.acting_identity) {
    if (!path.empty()) sync->add_acting_identity(path);
  }
  return options.schedule.Set(sync);
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
  RETURN_IF_ERROR(SetRules(options, &sync));
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

absl::Status Update(Context& context, const SyncOptions& options, const std::vector<GivenOption>& all) {
  v1::UpdateSyncRequest request;
  request.mutable_sync()->set_name(absl::StrCat("syncs/", options.id));
  Client client = context.Connect();
  if (options.schedule.changes_schedule()) {
    v1::GetSyncRequest get;
    get.set_name(request.sync().name());
    ASSIGN_OR_RETURN(const v1::GetSyncResponse known, client.Call(client.registry(), &Stub::GetSync, get));
    *request.mutable_sync()->mutable_schedule() = known.sync().schedule();
  }
  RETURN_IF_ERROR(SetRules(options, request.mutable_sync()));
  for (const GivenOption& one : all) {
    if (one.option->count() > 0) request.mutable_update_mask()->add_paths(one.path);
  }
  ASSIGN_OR_RETURN(const v1::UpdateSyncResponse response,
                   client.Call(client.registry(), &Stub::UpdateSync, request));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << "Sync " << options.id << " is changed: " << response.sync().title() << ".\n";
  if (response.sync().has_guard()) std::cout << "  note: " << clients::GuardWords(response.sync()) << "\n";
  for (const std::string& warning : response.warnings()) std::cout << "  note: " << warning << "\n";
  return absl::OkStatus();
}

// "ACTIVE, HELD": what it would take away is counted, or held.
std::string StatusOf(const v1::Sync& sync) {
  std::string words = FormatEnum(v1::SyncStatus_Name(sync.status()), "SYNC_STATUS_");
  if (sync.has_guard()) {
    absl::StrAppend(&words, ", ",
                    FormatEnum(v1::LeaveGuardState_Name(sync.guard().state()), "LEAVE_GUARD_STATE_"));
  }
  return words;
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  Table table({"SYNC", "STATUS", "WHAT", "REVISION", "LAST RUN", "TROUBLES"});
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, ListAllSyncs(client));
  const SyncStandings standings = context.json ? SyncStandings() : ReadStandings(client);
  for (const v1::Sync& sync : syncs) {
    if (context.json) PrintJson(std::cout, sync);
    table.Add({std::string(absl::StripPrefix(sync.name(), "syncs/")), StatusOf(sync), sync.title(),
               absl::StrCat(sync.revision()), standings.LastRun(sync.name()),
               standings.Troubles(sync.name())});
  }
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

// Options that `create` and `update` share.
std::vector<GivenOption> AddRuleOptions(CLI::App* command, SyncOptions* options) {
  std::vector<GivenOption> given;
  given.push_back(
      {command->add_option("--map", options->maps, "source_field=target_field; may come often")->take_all(),
       "fields"});
  command
      ->add_option("--reference", options->references, "source_field=source_model that its values refer to")
      ->take_all();
  options->files.Add(command);
  given.push_back({command->add_flag("--all-fields,!--no-all-fields", options->all_fields,
                                     "Also every field that has the same name on both sides"),
                   "all_fields"});
  given.push_back(
      {command->add_option(
           "--filter", options->filter,
           "Only records for which this holds (docs/conditions.md), such as: status = \"published\""),
       "filter"});
  given.push_back({command->add_flag("--only-assigned,!--no-only-assigned", options->only_assigned,
                                     "Only records that are assigned to the target (cognate assignment)"),
                   "only_assigned"});
  const std::string policies = "delete, keep, detach, soft-delete:time_field or unpublish:field=value,…";
  given.push_back(
      {command->add_option("--leave", options->leave, "Of a record that leaves the filter: " + policies),
       "leave"});
  given.push_back(
      {command->add_option("--on-delete", options->on_delete, "Of a record that is deleted: " + policies),
       "on_delete"});
  given.push_back(
      {command
           ->add_option("--conflict-policy", options->conflict_policy,
                        "Which value stays where both sides changed a field at once (docs/conflicts.md)")
           ->check(CLI::IsMember({"newest", "source", "target", "manual"}, CLI::ignore_case)),
       "conflict_policy"});
  given.push_back(
      {command
           ->add_option(
               "--max-leaving-percent", options->max_leaving_percent,
               "A change of rules that takes more of the target's records away is held (20); 100: never")
           ->check(CLI::Range(1, 100)),
       "max_leaving_percent"});
  given.push_back(
      {command->add_option("--before", options->before, "Pipelines that run before its own steps"),
       "before"});
  given.push_back(
      {command->add_option("--after", options->after, "Pipelines that run after its own steps"), "after"});
  given.push_back(
      {command->add_option("--acting-identity", options->acting_identity,
                           "In whose name records are written: fields such as did or author.did, in "
                           "this order"),
       "acting_identity"});
  for (const ScheduleOptions::Given& one : options->schedule.Add(command))
    given.push_back({one.option, one.path});
  return given;
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
      "  cognate sync create users --from crm:public.users --to shop:public.users --all-fields --natural-key "
      "email\n"
      "  cognate sync create prices --from erp:public.price --to shop:public.price --all-fields --interval "
      "5m "
      "--batch-size 500 --pause 2s\n"
      "References to other records follow from the foreign keys; --reference declares one that has none.");
  create->add_option("id", options->id, "a-z, 0-9 and -, beginning with a letter")->required();
  create->add_option("--from", options->from, "platform:model")->required();
  create->add_option("--to", options->to, "platform:model")->required();
  AddRuleOptions(create, options.get());
  create->callback([&context, options] { context.status = Create(context, *options); });

  CLI::App* update = sync->add_subcommand("update", "Change what is given, each as a whole");
  update->footer(
      "Examples:\n"
      "  cognate sync update articles --filter 'status = \"published\"' --leave unpublish:visible=false\n"
      "  cognate sync update articles --filter '' --on-delete soft-delete:deleted_at\n"
      "Chains of transforms are said in files: `cognate sync export`, `plan` and `apply`.");
  update->add_option("id", options->id)->required();
  const std::vector<GivenOption> given = AddRuleOptions(update, options.get());
  update->callback([&context, options, given] { context.status = Update(context, *options, given); });

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
  AddSyncFileCommands(*sync, context);
  AddSyncLookCommands(*sync, context);
  AddSyncMatchCommand(*sync, context);
  AddSyncReverseCommand(*sync, context);
  AddSyncGuardCommands(*sync, context);
}

}  // namespace cognate::cli
