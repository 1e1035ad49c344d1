// Runs that are looked at before they go on: mirrors.
#include "cli/run_mirror.h"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cli/output.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

struct MirrorOptions {
  std::string sync;
  bool yes = false;
};

absl::StatusOr<v1::Run> Approve(Client& client, const std::string& id) {
  v1::ApproveRunRequest request;
  request.set_name(absl::StrCat("runs/", absl::StripPrefix(id, "runs/")));
  ASSIGN_OR_RETURN(v1::ApproveRunResponse response,
                   client.Call(client.capture(), &Stub::ApproveRun, request));
  return std::move(*response.mutable_run());
}

// When it does not go on by itself any more.
absl::StatusOr<v1::Run> Await(Client& client, const std::string& name) {
  v1::GetRunRequest request;
  request.set_name(name);
  while (true) {
    ASSIGN_OR_RETURN(const v1::GetRunResponse response,
                     client.Call(client.capture(), &Stub::GetRun, request));
    const v1::Run& run = response.run();
    if (run.state() == v1::RUN_STATE_FAILED)
      return Error(absl::StatusCode::kFailedPrecondition, "RUN_FAILED",
                   absl::StrCat(name, ": ", run.error()));
    if (run.state() == v1::RUN_STATE_HELD || run.state() == v1::RUN_STATE_DONE) return run;
    absl::SleepFor(absl::Milliseconds(100));
  }
}

void PrintPlan(const v1::Run& run) {
  std::cout << FormatCount(run.extra_count()) << " of " << FormatCount(run.record_count())
            << " records of the target belong to no record of the source.\n";
  if (run.extra_ids().empty()) return;
  const int64_t more = run.extra_count() - run.extra_ids_size();
  std::cout << "  " << absl::StrJoin(run.extra_ids(), ", ")
            << (more > 0 ? absl::StrCat(" and ", FormatCount(more), " more") : "") << "\n";
}

absl::Status Mirror(Context& context, const MirrorOptions& options) {
  Client client = context.Connect();
  v1::CreateRunRequest request;
  request.mutable_run()->set_kind(v1::RUN_KIND_MIRROR);
  request.mutable_run()->set_sync(absl::StrCat("syncs/", absl::StripPrefix(options.sync, "syncs/")));
  request.set_request_id(Uuid::V7(Clock::Real()).ToString());
  request.set_hold(!options.yes);
  ASSIGN_OR_RETURN(const v1::CreateRunResponse created,
                   client.Call(client.capture(), &Stub::CreateRun, request));
  ASSIGN_OR_RETURN(v1::Run run, Await(client, created.run().name()));
  if (!context.json) PrintPlan(run);
  if (run.state() == v1::RUN_STATE_HELD && options.yes) {
    RETURN_IF_ERROR(Approve(client, run.name()).status());
    ASSIGN_OR_RETURN(run, Await(client, run.name()));
  }
  if (context.json) {
    PrintJson(std::cout, run);
  } else if (run.state() == v1::RUN_STATE_HELD) {
    std::cout << "Nothing is removed yet: `cognate run approve " << absl::StripPrefix(run.name(), "runs/")
              << "`.\n";
  } else if (run.extra_count() > 0) {
    std::cout << FormatCount(run.replayed_count()) << " deletes are on their way.\n";
  }
  return absl::OkStatus();
}

absl::Status ApproveById(Context& context, const std::string& id) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::Run run, Approve(client, id));
  if (context.json) {
    PrintJson(std::cout, run);
  } else {
    std::cout << "Run " << id << " goes on.\n";
  }
  return absl::OkStatus();
}

absl::Status RunNow(Context& context, const std::vector<std::string>& syncs) {
  Client client = context.Connect();
  for (const std::string& sync : syncs) {
    v1::CreateRunRequest request;
    request.mutable_run()->set_kind(v1::RUN_KIND_SCHEDULED);
    request.mutable_run()->set_sync(absl::StrCat("syncs/", absl::StripPrefix(sync, "syncs/")));
    request.set_request_id(Uuid::V7(Clock::Real()).ToString());
    ASSIGN_OR_RETURN(const v1::CreateRunResponse response,
                     client.Call(client.capture(), &Stub::CreateRun, request));
    if (context.json) {
      PrintJson(std::cout, response.run());
    } else {
      std::cout << "Run " << absl::StripPrefix(response.run().name(), "runs/")
                << " brings what has changed in " << sync << ".\n";
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddMirrorCommands(CLI::App& run, Context& context) {
  auto options = std::make_shared<MirrorOptions>();
  CLI::App* const mirror = run.add_subcommand(
      "mirror", "Show the target's records that no source record belongs to, and delete them when approved");
  mirror->footer(
      "Examples:\n  cognate run mirror articles          # counts, and holds\n"
      "  cognate run mirror articles --yes    # counts, and deletes");
  mirror->add_option("sync", options->sync, "Id of a sync with mirror: true")->required();
  mirror->add_flag("--yes", options->yes, "Delete them, however many they are");
  mirror->callback([&context, options] { context.status = Mirror(context, *options); });

  auto id = std::make_shared<std::string>();
  CLI::App* const approve = run.add_subcommand("approve", "Let a run go on that is held");
  approve->add_option("run", *id, "Its id, as `cognate run list` shows it")->required();
  approve->callback([&context, id] { context.status = ApproveById(context, *id); });

  auto syncs = std::make_shared<std::vector<std::string>>();
  CLI::App* const now =
      run.add_subcommand("now", "Bring what has changed in syncs with an interval, before their turn");
  now->footer("Example:\n  cognate run now prices");
  now->add_option("syncs", *syncs, "Ids of syncs")->required();
  now->callback([&context, syncs] { context.status = RunNow(context, *syncs); });
}

}  // namespace cognate::cli
