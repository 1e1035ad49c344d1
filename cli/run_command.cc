#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/run_mirror.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::ChangeCaptureService::Stub;

struct RunOptions {
  std::vector<std::string> syncs;
  bool wait = false;
};

struct Progress {
  int64_t total = 0;  // Records that the runs will bring, as far as that is known.
  int64_t converged = 0;
  int64_t waiting = 0;
  int64_t failed = 0;     // Conflicts and dead.
  int64_t pending = 0;    // Everything else that is not converged.
  bool runs_done = true;  // Every record is on its way.

  bool Done() const { return runs_done && pending == 0 && waiting == 0; }
};

absl::StatusOr<Progress> Look(Client& client, const std::vector<std::string>& runs) {
  Progress progress;
  for (const std::string& name : runs) {
    v1::GetRunRequest request;
    request.set_name(name);
    ASSIGN_OR_RETURN(const v1::GetRunResponse response,
                     client.Call(client.capture(), &Stub::GetRun, request));
    const v1::Run& run = response.run();
    if (run.state() == v1::RUN_STATE_FAILED) {
      return Error(absl::StatusCode::kFailedPrecondition, "RUN_FAILED",
                   absl::StrCat(name, ": ", run.error()));
    }
    progress.runs_done &= run.state() == v1::RUN_STATE_DONE;
    v1::GetStatsRequest stats_request;
    stats_request.set_sync(run.sync());
    ASSIGN_OR_RETURN(const v1::GetStatsResponse stats,
                     client.Call(client.feedback(), &v1::FeedbackService::Stub::GetStats, stats_request));
    int64_t planned = 0;
    for (const v1::SyncStats& sync : stats.syncs()) {
      planned += sync.total_count();
      progress.converged += sync.converged_count();
      progress.waiting += sync.waiting_count();
      progress.failed += sync.dead_count() + sync.conflict_count() + sync.held_count();
      progress.pending += sync.pending_count() + sync.retry_count();
    }
    progress.total += std::max(planned, run.record_count());
  }
  return progress;
}

std::string Bar(const Progress& progress, absl::Duration elapsed) {
  constexpr int kWidth = 32;
  const double share =
      progress.total == 0
          ? 0
          : std::min(1.0, static_cast<double>(progress.converged) / static_cast<double>(progress.total));
  const int filled = static_cast<int>(share * kWidth);
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < filled ? "█" : "░";
  const double seconds = std::max(0.001, absl::ToDoubleSeconds(elapsed));
  return absl::StrFormat("%s %3.0f %%  %s of %s  %s/s  waiting %s  failed %s", bar, share * 100,
                         FormatCount(progress.converged), FormatCount(progress.total),
                         FormatCount(static_cast<int64_t>(static_cast<double>(progress.converged) / seconds)),
                         FormatCount(progress.waiting), FormatCount(progress.failed));
}

absl::Status Wait(Context& context, Client& client, const std::vector<std::string>& runs) {
  const absl::Time started = absl::Now();
  const bool terminal = isatty(STDOUT_FILENO) != 0 && !context.json;
  absl::Time last_line = absl::InfinitePast();
  while (true) {
    ASSIGN_OR_RETURN(const Progress progress, Look(client, runs));
    const std::string bar = Bar(progress, absl::Now() - started);
    if (terminal) std::cout << "\r" << bar << "\033[K" << std::flush;
    if (!terminal && !context.json && absl::Now() - last_line > absl::Seconds(2)) {
      std::cout << bar << std::endl;
      last_line = absl::Now();
    }
    if (progress.Done()) {
      if (terminal) std::cout << "\n";
      if (!terminal && !context.json) std::cout << bar << "\n";
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(100));
  }
}

absl::Status Backfill(Context& context, const RunOptions& options) {
  Client client = context.Connect();
  std::vector<std::string> runs;
  for (const std::string& sync : options.syncs) {
    v1::CreateRunRequest request;
    request.mutable_run()->set_kind(v1::RUN_KIND_BACKFILL);
    request.mutable_run()->set_sync(absl::StrCat("syncs/", sync));
    request.set_request_id(Uuid::V7(Clock::Real()).ToString());
    ASSIGN_OR_RETURN(const v1::CreateRunResponse response,
                     client.Call(client.capture(), &Stub::CreateRun, request));
    runs.push_back(response.run().name());
    if (context.json) PrintJson(std::cout, response.run());
  }
  if (options.wait) return Wait(context, client, runs);
  if (!context.json)
    std::cout << FormatCount(static_cast<int64_t>(runs.size()))
              << " runs are under way: `cognate run list`.\n";
  return absl::OkStatus();
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::ListRunsResponse response,
                   client.Call(client.capture(), &Stub::ListRuns, v1::ListRunsRequest()));
  Table table({"RUN", "KIND", "SYNC", "STATE", "RECORDS", "ON THEIR WAY", "STARTED", "ERROR"});
  for (const v1::Run& run : response.runs()) {
    if (context.json) PrintJson(std::cout, run);
    table.Add({std::string(absl::StripPrefix(run.name(), "runs/")),
               FormatEnum(v1::RunKind_Name(run.kind()), "RUN_KIND_"),
               std::string(absl::StripPrefix(run.sync(), "syncs/")),
               FormatEnum(v1::RunState_Name(run.state()), "RUN_STATE_"), FormatCount(run.record_count()),
               FormatCount(run.replayed_count()), FormatTime(run.create_time()), run.error()});
  }
  if (!context.json) table.Print(std::cout, "No runs yet: `cognate run backfill --help`.");
  return absl::OkStatus();
}

}  // namespace

void AddRunCommand(CLI::App& app, Context& context) {
  CLI::App* run = app.add_subcommand("run", "Bulk acts: backfill, mirror, now");
  run->require_subcommand(1);
  auto options = std::make_shared<RunOptions>();
  CLI::App* backfill = run->add_subcommand("backfill", "Bring every record that a sync takes");
  backfill->footer("Example:\n  cognate run backfill countries subdivisions --wait");
  backfill->add_option("syncs", options->syncs, "Ids of syncs")->required();
  backfill->add_flag("--wait", options->wait,
                     "Show progress until every record has arrived or failed for good");
  backfill->callback([&context, options] { context.status = Backfill(context, *options); });
  AddMirrorCommands(*run, context);
  run->add_subcommand("list", "List runs, newest first")->callback([&context] {
    context.status = List(context);
  });
}

}  // namespace cognate::cli
