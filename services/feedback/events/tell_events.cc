#include "services/feedback/events/tell_events.h"

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_batch.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxEvents = 1000;
constexpr size_t kLongestId = 200;
constexpr size_t kLargestEvent = 16 << 10;

bool MayBeTold(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_RUN_FINISHED || kind == v1::EVENT_KIND_CONFLICT ||
         kind == v1::EVENT_KIND_CONFLICT_RESOLVED || kind == v1::EVENT_KIND_HELD ||
         kind == v1::EVENT_KIND_FILE_PROGRESS || kind == v1::EVENT_KIND_FILE_PLACED ||
         kind == v1::EVENT_KIND_FILE_REFUSED;
}

absl::Status Check(const v1::TellEventsRequest& request) {
  if (request.events_size() > kMaxEvents) {
    return InvalidField("events", absl::StrCat("got ", request.events_size(), ", want at most ", kMaxEvents));
  }
  for (int i = 0; i < request.events_size(); ++i) {
    const v1::Event& event = request.events(i);
    const auto field = [&](absl::string_view name) { return absl::StrCat("events[", i, "].", name); };
    if (event.event_id().empty() || event.event_id().size() > kLongestId)
      return InvalidField(field("event_id"), absl::StrCat("want 1 to ", kLongestId, " bytes"));
    if (!MayBeTold(event.kind()))
      return InvalidField(field("kind"),
                          "want RUN_FINISHED, CONFLICT, CONFLICT_RESOLVED, HELD, or one of FILE_…");
    if (event.target().platform().empty())
      return InvalidField(field("target.platform"), "got nothing, want the target platform's id");
    if (event.ByteSizeLong() > kLargestEvent)
      return InvalidField(field("sentence"),
                          absl::StrCat("want an event of at most ", kLargestEvent, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::TellEventsResponse> TellEvents(const Parts& parts, const v1::TellEventsRequest& request) {
  RETURN_IF_ERROR(Check(request));
  if (request.events().empty()) return v1::TellEventsResponse();
  const absl::Time now = parts.clock.Now();
  std::vector<std::string> ids;
  for (const v1::Event& event : request.events()) ids.push_back(event.event_id());
  RETURN_IF_ERROR(
      parts.events.InTransaction("tell_events", [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<std::string> fresh, parts.events.AddTold(transaction, ids, now));
        absl::flat_hash_set<std::string> left(fresh.begin(), fresh.end());
        std::map<std::string, EventBatchBuilder> batches;
        for (const v1::Event& event : request.events()) {
          if (left.erase(event.event_id()) == 0) continue;
          const std::string& platform = event.target().platform();
          batches.try_emplace(platform, platform, now).first->second.AddTold(event);
        }
        for (const auto& [platform, batch] : batches)
          RETURN_IF_ERROR(
              parts.events.Append(transaction, platform, batch.Serialize(), batch.counts(), now).status());
        return absl::OkStatus();
      }));
  parts.feed.Notify();
  return v1::TellEventsResponse();
}

}  // namespace cognate::feedback
