#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_file_commands.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/clients/guard.h"

namespace cognate::cli {
namespace {

void PrintSyncs(const v1::GetStatsResponse& stats) {
  Table table({"SYNC", "RECORDS", "CONVERGED", "PENDING", "RETRY", "WAITING", "HELD", "CONFLICT", "DEAD"});
  for (const v1::SyncStats& sync : stats.syncs()) {
    table.Add({std::string(absl::StripPrefix(sync.sync(), "syncs/")), FormatCount(sync.total_count()),
               FormatCount(sync.converged_count()), FormatCount(sync.pending_count()),
               FormatCount(sync.retry_count()), FormatCount(sync.waiting_count()),
               FormatCount(sync.held_count()), FormatCount(sync.conflict_count()),
               FormatCount(sync.dead_count())});
  }
  table.Print(std::cout, "No sync has planned anything yet.");
}

void PrintTargets(const v1::GetStatsResponse& stats, const v1::ListLanesResponse& lanes) {
  Table table({"TARGET", "LANE", "APPLIED 1 MIN", "1 HOUR", "1 DAY", "LAST APPLIED", "WHY"});
  for (const v1::Lane& lane : lanes.lanes()) {
    v1::TargetStats target;
    for (const v1::TargetStats& candidate : stats.targets()) {
      if (candidate.platform() == lane.platform()) target = candidate;
    }
    table.Add({lane.platform(), FormatEnum(v1::LaneState_Name(lane.state()), "LANE_STATE_"),
               FormatCount(target.applied_last_minute_count()), FormatCount(target.applied_last_hour_count()),
               FormatCount(target.applied_last_day_count()), FormatTime(target.last_applied_time()),
               lane.error()});
  }
  table.Print(std::cout, "No target yet.");
}

// Where the targets' records stand, in four words.
void PrintStandings(const v1::GetStatsResponse& stats) {
  Table table({"TARGET", "SYNCING", "PENDING", "COMPLETED", "FAILED", "APPLIED 1 WEEK"});
  for (const v1::TargetStats& target : stats.targets()) {
    table.Add({target.platform(), FormatCount(target.syncing_count()), FormatCount(target.pending_count()),
               FormatCount(target.completed_count()), FormatCount(target.failed_count()),
               FormatCount(target.applied_last_week_count())});
  }
  table.Print(std::cout, "");
}

// Nothing is corrected below these (Source.clock_offset).
constexpr absl::Duration kRight = absl::Milliseconds(10);
constexpr absl::Duration kAgentsWay = absl::Milliseconds(500);

// "1h ahead", "312ms behind", "right"; nothing while it is not measured.
std::string ClockWords(const v1::Source& source) {
  if (!source.has_clock_offset()) return "";
  const absl::Duration offset = ToDuration(source.clock_offset());
  const absl::Duration size = absl::AbsDuration(offset);
  const absl::Duration may_be = source.has_clock_error() ? ToDuration(source.clock_error()) : kAgentsWay;
  if (size <= std::max(may_be, kRight)) return "right";
  const absl::Duration unit = size < absl::Minutes(1) ? absl::Milliseconds(1) : absl::Seconds(1);
  return absl::StrCat(absl::FormatDuration((size + unit / 2) - (size + unit / 2) % unit),
                      offset > absl::ZeroDuration() ? " ahead" : " behind");
}

void PrintSources(const v1::ListSourcesResponse& sources) {
  Table table({"SOURCE", "STATE", "POSITION", "BEHIND (BYTES)", "MODELS", "CLOCK", "WHY"});
  for (const v1::Source& source : sources.sources()) {
    table.Add({source.platform(), FormatEnum(v1::SourceState_Name(source.state()), "SOURCE_STATE_"),
               source.confirmed_position(), FormatCount(source.lag_bytes()),
               absl::StrCat(source.models_size()), ClockWords(source), source.error()});
  }
  table.Print(std::cout, "No database is captured by replication.");
  for (const v1::Source& source : sources.sources()) {
    if (source.out_of_bounds_count() == 0) continue;
    std::cout << "! " << source.platform() << ": " << FormatCount(source.out_of_bounds_count())
              << " times of changes cannot be right and count as those of their receipt; the last, of "
              << FormatTime(source.out_of_bounds_time()) << ": " << source.out_of_bounds() << "\n";
  }
}

absl::Status Status(Context& context) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(
      const v1::GetStatsResponse stats,
      client.Call(client.feedback(), &v1::FeedbackService::Stub::GetStats, v1::GetStatsRequest()));
  ASSIGN_OR_RETURN(
      const v1::ListLanesResponse lanes,
      client.Call(client.delivery(), &v1::DeliveryService::Stub::ListLanes, v1::ListLanesRequest()));
  ASSIGN_OR_RETURN(
      const v1::ListSourcesResponse sources,
      client.Call(client.capture(), &v1::ChangeCaptureService::Stub::ListSources, v1::ListSourcesRequest()));
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, ListAllSyncs(client));
  if (context.json) {
    PrintJson(std::cout, stats);
    PrintJson(std::cout, lanes);
    PrintJson(std::cout, sources);
    return absl::OkStatus();
  }
  PrintSyncs(stats);
  for (const v1::Sync& sync : syncs) {
    if (sync.has_guard()) std::cout << "! " << sync.name() << ": " << clients::GuardWords(sync) << "\n";
  }
  std::cout << "\n";
  PrintTargets(stats, lanes);
  std::cout << "\n";
  if (!stats.targets().empty()) {
    PrintStandings(stats);
    std::cout << "\n";
  }
  PrintSources(sources);
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CLI::App& app, Context& context) {
  app.add_subcommand("status", "How every sync, target and source stands")->callback([&context] {
    context.status = Status(context);
  });
}

}  // namespace cognate::cli
