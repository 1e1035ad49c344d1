#include "cli/sync_standing.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/output.h"

namespace cognate::cli {
namespace {

using absl::StrCat;

int64_t TroubleCount(const v1::SyncStats& stats) {
  return stats.retry_count() + stats.waiting_count() + stats.held_count() + stats.conflict_count() +
         stats.dead_count();
}

std::string KindOf(const v1::Run& run) { return FormatEnum(v1::RunKind_Name(run.kind()), "RUN_KIND_"); }
std::string StateOf(const v1::Run& run) { return FormatEnum(v1::RunState_Name(run.state()), "RUN_STATE_"); }

void PrintRun(std::ostream& out, const v1::Run& run) {
  out << "Its last run (" << absl::StripPrefix(run.name(), "runs/") << ", " << KindOf(run) << ") is "
      << StateOf(run) << ": " << FormatCount(run.replayed_count()) << " records, begun "
      << FormatTime(run.create_time());
  if (run.has_finish_time()) out << ", finished " << FormatTime(run.finish_time());
  out << (run.error().empty() ? "" : StrCat("; ", run.error())) << ".\n";
}

void PrintStats(std::ostream& out, const v1::SyncStats& stats) {
  out << FormatCount(stats.converged_count()) << " of " << FormatCount(stats.total_count())
      << " records are as they should be on the target";
  const std::pair<int64_t, const char*> troubles[] = {
      {stats.pending_count(), " under way"},          {stats.retry_count(), " tried again"},
      {stats.waiting_count(), " waiting for others"}, {stats.held_count(), " held"},
      {stats.conflict_count(), " in conflict"},       {stats.dead_count(), " given up"}};
  std::vector<std::string> words;
  for (const auto& [count, what] : troubles) {
    if (count > 0) words.push_back(StrCat(FormatCount(count), what));
  }
  out << (words.empty() ? "" : StrCat("; ", absl::StrJoin(words, ", "))) << ".\n";
}

}  // namespace

std::string SyncStandings::LastRun(const std::string& sync) const {
  const auto run = last_runs.find(sync);
  if (run == last_runs.end()) return "-";
  const auto& time = run->second.has_finish_time() ? run->second.finish_time() : run->second.create_time();
  return StrCat(FormatTime(time), " ", KindOf(run->second), " ", StateOf(run->second));
}

std::string SyncStandings::Troubles(const std::string& sync) const {
  const auto known = stats.find(sync);
  return known == stats.end() ? "-" : FormatCount(TroubleCount(known->second));
}

SyncStandings ReadStandings(Client& client) {
  SyncStandings standings;
  v1::ListRunsRequest request;
  request.set_page_size(1000);
  const auto runs = client.Call(client.capture(), &v1::ChangeCaptureService::Stub::ListRuns, request);
  if (runs.ok()) {
    for (const v1::Run& run : runs->runs()) standings.last_runs.emplace(run.sync(), run);  // newest first
  }
  const auto stats =
      client.Call(client.feedback(), &v1::FeedbackService::Stub::GetStats, v1::GetStatsRequest());
  if (stats.ok()) {
    for (const v1::SyncStats& one : stats->syncs()) standings.stats.emplace(one.sync(), one);
  }
  return standings;
}

void PrintStanding(std::ostream& out, Client& client, const std::string& sync) {
  v1::ListRunsRequest request;
  request.set_page_size(1);
  request.set_sync(sync);
  const auto runs = client.Call(client.capture(), &v1::ChangeCaptureService::Stub::ListRuns, request);
  if (runs.ok() && runs->runs_size() > 0) PrintRun(out, runs->runs(0));
  v1::GetStatsRequest stats_request;
  stats_request.set_sync(sync);
  const auto stats = client.Call(client.feedback(), &v1::FeedbackService::Stub::GetStats, stats_request);
  if (stats.ok() && stats->syncs_size() > 0) PrintStats(out, stats->syncs(0));
}

}  // namespace cognate::cli
