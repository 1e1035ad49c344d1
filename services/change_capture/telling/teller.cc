#include "services/change_capture/telling/teller.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/log/log.h"
#include "common/retry/backoff.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr int kAtOnce = 200;
constexpr BackoffPolicy kBackoff = {absl::Milliseconds(200), 2.0, absl::Seconds(10)};

v1::Event EventOf(const v1::Conflict& conflict, v1::EventKind kind, absl::string_view state) {
  v1::Event event;
  event.set_kind(kind);
  event.set_event_id(absl::StrCat(conflict.name(), "/", state));
  event.set_conflict(conflict.name());
  *event.mutable_target() = conflict.record();
  *event.mutable_source() = conflict.other_record();
  event.set_version(conflict.delivered_version());
  return event;
}

}  // namespace

std::optional<v1::Event> EventOf(const UntoldStore::UntoldRun& run) {
  if (run.kind == v1::RUN_KIND_SCHEDULED && run.state == v1::RUN_STATE_DONE) return std::nullopt;
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_RUN_FINISHED);
  event.set_run(absl::StrCat("runs/", run.id.ToString()));
  event.set_event_id(
      absl::StrCat(event.run(), "/", absl::StripPrefix(v1::RunState_Name(run.state), "RUN_STATE_")));
  event.set_sync(run.sync);
  event.mutable_target()->set_platform(run.target_platform);
  event.mutable_source()->set_platform(run.source_platform);
  event.mutable_source()->set_model(run.source_model);
  if (run.state == v1::RUN_STATE_DONE) return event;
  event.mutable_error()->set_reason(run.state == v1::RUN_STATE_HELD ? "RUN_HELD" : "RUN_FAILED");
  event.mutable_error()->set_message(run.error);
  return event;
}

std::vector<v1::Event> EventsOf(const UntoldStore::UntoldConflict& conflict) {
  std::vector<v1::Event> events;
  if (conflict.is_new) events.push_back(EventOf(conflict.content, v1::EVENT_KIND_CONFLICT, "FOUND"));
  if (conflict.content.state() == v1::CONFLICT_STATE_RESOLVED)
    events.push_back(EventOf(conflict.content, v1::EVENT_KIND_CONFLICT_RESOLVED, "RESOLVED"));
  return events;
}

Teller::Teller(postgres::Pool& pool, const std::string& feedback, absl::Duration poll)
    : store_(pool), feedback_(feedback), poll_(poll) {}

void Teller::Start() {
  worker_ = std::make_unique<Worker>("teller", [this](StopToken& stop) { Run(stop); });
}

void Teller::Run(StopToken& stop) {
  Backoff backoff(kBackoff);
  while (!stop.stopping()) {
    const absl::StatusOr<bool> runs = TellRuns();
    const absl::StatusOr<bool> conflicts = TellConflicts();
    const absl::Status status = runs.ok() ? conflicts.status() : runs.status();
    if (!status.ok()) {
      log::Warn("events not told", {{"status", status}});
      stop.WaitFor(backoff.Next());
      continue;
    }
    backoff.Reset();
    if (!*runs && !*conflicts) stop.WaitFor(poll_);
  }
}

absl::StatusOr<bool> Teller::TellRuns() {
  ASSIGN_OR_RETURN(const std::vector<UntoldStore::UntoldRun> runs, store_.Runs(kAtOnce));
  if (runs.empty()) return false;
  std::vector<v1::Event> events;
  for (const UntoldStore::UntoldRun& run : runs) {
    if (std::optional<v1::Event> event = EventOf(run); event.has_value()) events.push_back(*std::move(event));
  }
  RETURN_IF_ERROR(Tell(std::move(events)));
  RETURN_IF_ERROR(store_.SetTold(runs));
  return true;
}

absl::StatusOr<bool> Teller::TellConflicts() {
  ASSIGN_OR_RETURN(const std::vector<UntoldStore::UntoldConflict> conflicts, store_.Conflicts(kAtOnce));
  if (conflicts.empty()) return false;
  std::vector<v1::Event> events;
  for (const UntoldStore::UntoldConflict& conflict : conflicts) {
    std::vector<v1::Event> told = EventsOf(conflict);
    std::move(told.begin(), told.end(), std::back_inserter(events));
  }
  RETURN_IF_ERROR(Tell(std::move(events)));
  RETURN_IF_ERROR(store_.SetTold(conflicts));
  return true;
}

// An event that is refused for good is a mistake of ours, and must not keep back the others.
absl::Status Teller::Tell(std::vector<v1::Event> events) {
  if (events.empty()) return absl::OkStatus();
  v1::TellEventsRequest request;
  for (const v1::Event& event : events) *request.add_events() = event;
  const absl::Status status = feedback_.TellEvents(request);
  if (!absl::IsInvalidArgument(status)) return status;
  if (events.size() == 1) {
    log::Error("event refused", {{"event", events[0].event_id()}, {"status", status}});
    return absl::OkStatus();
  }
  for (v1::Event& event : events) {
    std::vector<v1::Event> alone;
    alone.push_back(std::move(event));
    RETURN_IF_ERROR(Tell(std::move(alone)));
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
