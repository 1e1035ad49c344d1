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
  PrintSources(sources);
  return absl::OkStatus();
}

absl::Status Troubles(Context& context, const std::string& platform, const std::string& state) {
  Client client = context.Connect();
  v1::ListTroublesRequest request;
  request.set_platform(platform);
  request.set_page_size(1000);
  v1::ReplicaState parsed = v1::REPLICA_STATE_UNSPECIFIED;
  if (!state.empty()) v1::ReplicaState_Parse(absl::StrCat("REPLICA_STATE_", state), &parsed);
  request.set_state(parsed);
  Table table({"STATE", "RECORD", "TO", "REASON", "ATTEMPTS", "NEXT", "WHAT IT SAYS"});
  do {
    ASSIGN_OR_RETURN(const v1::ListTroublesResponse page,
                     client.Call(client.feedback(), &v1::FeedbackService::Stub::ListTroubles, request));
    for (const v1::Trouble& trouble : page.troubles()) {
      if (context.json) PrintJson(std::cout, trouble);
      table.Add({FormatState(trouble.state()), FormatRecord(trouble.source()), FormatRecord(trouble.target()),
                 trouble.error().reason(), absl::StrCat(trouble.attempt_count()),
                 FormatTime(trouble.next_attempt_time()), trouble.error().message()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No troubles.");
  return absl::OkStatus();
}

absl::Status Redrive(Context& context, const std::string& platform, const std::string& reason) {
  Client client = context.Connect();
  v1::RedriveRequest request;
  request.set_platform(platform);
  request.set_reason(reason);
  ASSIGN_OR_RETURN(const v1::RedriveResponse response,
                   client.Call(client.feedback(), &v1::FeedbackService::Stub::Redrive, request));
  if (context.json) {
    PrintJson(std::cout, response);
  } else {
    std::cout << FormatCount(response.redriven_count()) << " records are on their way again.\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CLI::App& app, Context& context) {
  app.add_subcommand("status", "How every sync, target and source stands")->callback([&context] {
    context.status = Status(context);
  });
}

void AddTroublesCommand(CLI::App& app, Context& context) {
  CLI::App* troubles = app.add_subcommand("troubles", "What cannot follow right now, and why");
  troubles->footer(
      "Examples:\n"
      "  cognate troubles --platform shop --state DEAD\n"
      "  cognate troubles redrive --reason VALUE_TOO_LONG    try them again, after the target was mended");
  auto platform = std::make_shared<std::string>();
  auto state = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  troubles->add_option("--platform", *platform, "Only this target");
  troubles->add_option("--state", *state, "Only these")
      ->check(CLI::IsMember({"RETRY", "WAITING", "HELD", "CONFLICT", "DEAD"}));
  CLI::App* redrive = troubles->add_subcommand("redrive", "Send the dead on their way again");
  redrive->add_option("--platform", *platform, "Only this target");
  redrive->add_option("--reason", *reason, "Only this reason");
  redrive->callback([&context, platform, reason] { context.status = Redrive(context, *platform, *reason); });
  troubles->callback([&context, troubles, platform, state] {
    if (troubles->get_subcommands().empty()) context.status = Troubles(context, *platform, *state);
  });
}

}  // namespace cognate::cli
