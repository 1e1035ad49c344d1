#include "cli/sync_file_commands.h"

#include <iostream>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/sync_file.h"
#include "cli/sync_findings.h"
#include "cli/sync_plan.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/clients/guard.h"

namespace cognate::cli {
namespace {

using Json = nlohmann::ordered_json;
using Stub = v1::PlatformRegistryService::Stub;

struct FileOptions {
  std::vector<std::string> files;
  std::vector<std::string> names;
  bool all = false;
  bool yes = false;
  bool prune = false;
};

absl::Status Lint(Context& context, const FileOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<FileSync> files, ReadSyncFiles(options.files));
  Client client = context.Connect();
  Findings findings(context);
  RETURN_IF_ERROR(LintAll(client, files, {}, {}, &findings));
  findings.Print();
  return findings.status();
}

absl::Status Export(Context& context, const FileOptions& options) {
  if (options.names.empty() != options.all)
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                 "export: got names and --all, or neither, want names of syncs, or --all");
  Client client = context.Connect();
  std::vector<v1::Sync> syncs;
  if (options.all) {
    ASSIGN_OR_RETURN(syncs, ListAllSyncs(client));
  }
  for (const std::string& name : options.names) {
    v1::GetSyncRequest request;
    request.set_name(absl::StrCat("syncs/", absl::StripPrefix(name, "syncs/")));
    ASSIGN_OR_RETURN(v1::GetSyncResponse response, client.Call(client.registry(), &Stub::GetSync, request));
    syncs.push_back(std::move(*response.mutable_sync()));
  }
  for (v1::Sync& sync : syncs) {
    ClearOutputOnly(&sync);
    if (context.json) PrintJson(std::cout, sync);
  }
  if (!context.json) std::cout << WriteSyncs(syncs);
  return absl::OkStatus();
}

// Files, what is there, and what is to be done.
struct Plan {
  std::vector<FileSync> files;
  std::vector<PlannedSync> acts;
  std::vector<std::string> deletes;
  std::set<std::string> changes;  // creates and updates
  bool is_impossible = false;
};

absl::StatusOr<Plan> MakePlan(Client& client, const FileOptions& options) {
  Plan plan;
  ASSIGN_OR_RETURN(plan.files, ReadSyncFiles(options.files));
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> current, ListAllSyncs(client));
  plan.acts = PlanSyncs(plan.files, current, options.prune);
  for (const PlannedSync& act : plan.acts) {
    if (act.act == SyncAct::kDelete) plan.deletes.push_back(act.wanted.name());
    if (act.act == SyncAct::kCreate || act.act == SyncAct::kUpdate || act.act == SyncAct::kImmutable)
      plan.changes.insert(act.wanted.name());
    plan.is_impossible |= act.act == SyncAct::kImmutable;
  }
  return plan;
}

void PrintPlan(const Context& context, const Plan& plan) {
  for (const PlannedSync& act : plan.acts) {
    if (!context.json) {
      std::cout << FormatPlannedSync(act);
      continue;
    }
    Json line = {{"sync", act.wanted.name()}, {"act", ActName(act.act)}, {"differences", Json::array()}};
    for (const Difference& difference : act.differences) {
      line["differences"].push_back(
          {{"field", difference.path}, {"before", difference.before}, {"after", difference.after}});
    }
    std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  if (!context.json) std::cout << FormatPlanSummary(plan.acts) << "\n";
}

// Also what the plan cannot do; findings are printed where there are any.
absl::Status Judge(const Context& context, Client& client, const Plan& plan) {
  if (plan.changes.empty()) return absl::OkStatus();
  Findings findings(context);
  RETURN_IF_ERROR(LintAll(client, plan.files, plan.changes, plan.deletes, &findings));
  if (!findings.empty()) findings.Print();
  return findings.status();
}

absl::Status ShowPlan(Context& context, const FileOptions& options) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(client, options));
  PrintPlan(context, plan);
  return Judge(context, client, plan);
}

absl::Status ConfirmDeletes(const FileOptions& options, const Plan& plan) {
  if (plan.deletes.empty() || options.yes) return absl::OkStatus();
  const std::string what = absl::StrCat(plan.deletes.size(), plan.deletes.size() == 1 ? " sync" : " syncs");
  if (isatty(STDIN_FILENO) != 0) {
    std::cout << "Delete " << what << "? What they brought stays. [y/N] " << std::flush;
    std::string answer;
    if (std::getline(std::cin, answer) && (answer == "y" || answer == "yes")) return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, "CONFIRMATION_NEEDED",
               absl::StrCat(what, " would be deleted; --yes confirms it. No sync was changed"));
}

// `guard` gets what is held back of it meanwhile, in words.
absl::Status Perform(Client& client, const PlannedSync& act, std::string* guard) {
  // What the file says it was made from counts before what is there now.
  const std::string& etag = act.wanted.etag().empty() ? act.current.etag() : act.wanted.etag();
  if (act.act == SyncAct::kDelete) {
    v1::DeleteSyncRequest request;
    request.set_name(act.wanted.name());
    request.set_etag(act.current.etag());
    return client.Call(client.registry(), &Stub::DeleteSync, request).status();
  }
  if (act.act == SyncAct::kCreate) {
    v1::CreateSyncRequest request;
    *request.mutable_sync() = act.wanted;
    request.set_request_id(Uuid::V7(Clock::Real()).ToString());
    return client.Call(client.registry(), &Stub::CreateSync, request).status();
  }
  v1::UpdateSyncRequest request;
  *request.mutable_sync() = act.wanted;
  request.mutable_sync()->set_etag(etag);
  *request.mutable_update_mask() = act.mask;
  ASSIGN_OR_RETURN(const v1::UpdateSyncResponse response,
                   client.Call(client.registry(), &Stub::UpdateSync, request));
  *guard = clients::GuardWords(response.sync());
  return absl::OkStatus();
}

// One sync may stand in another's way until that one has been changed, too.
bool MayPass(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason == "FIELD_WRITTEN_TWICE" || reason == "MAPPING_CYCLE";
}

void Tell(const Context& context, const PlannedSync& act, const std::string& guard) {
  const std::string done = absl::StrCat(ActName(act.act), "d");
  if (context.json) {
    std::cout << Json({{"sync", act.wanted.name()}, {"done", done}})
                     .dump(-1, ' ', false, Json::error_handler_t::replace)
              << "\n";
  } else {
    std::cout << act.wanted.name() << " " << done << "\n";
    if (!guard.empty()) std::cout << "  note: " << guard << "\n";
  }
}

// Deletes first, which make room; then the others, in rounds for as long as each round gets one on.
absl::Status PerformAll(const Context& context, Client& client, const Plan& plan) {
  std::vector<const PlannedSync*> open;
  for (const PlannedSync& act : plan.acts) {
    if (act.act == SyncAct::kDelete) open.insert(open.begin(), &act);
    if (act.act == SyncAct::kCreate || act.act == SyncAct::kUpdate) open.push_back(&act);
  }
  while (!open.empty()) {
    std::vector<const PlannedSync*> left;
    absl::Status last;
    for (const PlannedSync* const act : open) {
      std::string guard;
      const absl::Status status = Perform(client, *act, &guard);
      if (status.ok()) {
        Tell(context, *act, guard);
        continue;
      }
      if (!MayPass(status)) return status;
      last = status;
      left.push_back(act);
    }
    if (left.size() == open.size()) return last;
    open = std::move(left);
  }
  return absl::OkStatus();
}

absl::Status Apply(Context& context, const FileOptions& options) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(client, options));
  if (plan.changes.empty() && plan.deletes.empty()) {
    if (!context.json)
      std::cout << "Nothing to change: " << FormatCount(static_cast<int64_t>(plan.files.size()))
                << (plan.files.size() == 1 ? " sync is" : " syncs are") << " as the file says.\n";
    return absl::OkStatus();
  }
  if (!context.json) PrintPlan(context, plan);
  RETURN_IF_ERROR(Judge(context, client, plan));
  RETURN_IF_ERROR(ConfirmDeletes(options, plan));
  return PerformAll(context, client, plan);
}

}  // namespace

absl::StatusOr<std::vector<v1::Sync>> ListAllSyncs(Client& client) {
  std::vector<v1::Sync> syncs;
  v1::ListSyncsRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListSyncsResponse page,
                     client.Call(client.registry(), &Stub::ListSyncs, request));
    syncs.insert(syncs.end(), page.syncs().begin(), page.syncs().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return syncs;
}

void AddSyncFileCommands(CLI::App& sync, Context& context) {
  auto options = std::make_shared<FileOptions>();
  const auto add = [&](const char* name, const char* help, auto act) {
    CLI::App* const command = sync.add_subcommand(name, help);
    command->callback([&context, options, act] { context.status = act(context, *options); });
    return command;
  };
  CLI::App* const write = add("export", "Write syncs as YAML (docs/syncs.md)", Export);
  write->footer("Examples:\n  cognate sync export --all > syncs.yaml\n  cognate sync export countries users");
  write->add_option("names", options->names, "Ids of syncs");
  write->add_flag("--all", options->all, "Every sync");

  const auto add_files = [&](CLI::App* command) {
    command->add_option("files", options->files, "Files of syncs, - for what comes in")->required();
  };
  CLI::App* const lint =
      add("lint", "Tell everything that is wrong with the syncs of files, or may surprise", Lint);
  lint->footer("Exits with 1 where a sync would be refused. Example:\n  cognate sync lint syncs.yaml");
  add_files(lint);
  CLI::App* const plan = add("plan", "Tell what apply would do", ShowPlan);
  add_files(plan);
  plan->add_flag("--prune", options->prune, "Syncs that are in no file are to be deleted");
  CLI::App* const apply = add("apply", "Make the syncs as files say; a second time changes nothing", Apply);
  apply->footer(
      "Examples:\n  cognate sync apply syncs.yaml\n  cognate sync apply syncs/*.yaml --prune --yes");
  add_files(apply);
  apply->add_flag("--prune", options->prune, "Delete syncs that are in no file; what they brought stays");
  apply->add_flag("--yes", options->yes, "Delete without asking");
}

}  // namespace cognate::cli
