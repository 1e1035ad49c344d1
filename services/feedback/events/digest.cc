#include "services/feedback/events/digest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultEvents = 5;
constexpr int kMaxEvents = 1000;
constexpr int kSamples = 5;
// Reasons come from targets, which may say ever new ones; beyond this they are taken together.
constexpr size_t kMaxGroups = 1000;

bool IsNeverDigested(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_PLATFORM_DOWN:
    case v1::EVENT_KIND_PLATFORM_RECOVERED:
    case v1::EVENT_KIND_RUN_FINISHED:
    case v1::EVENT_KIND_CONFLICT_RESOLVED:
      return true;
    default:
      return false;
  }
}

// "412 more deliveries to shop failed".
std::string What(v1::EventKind kind, int64_t count, absl::string_view platform) {
  const std::string deliveries =
      absl::StrCat(count, " more ", count == 1 ? "delivery" : "deliveries", " to ", platform);
  const std::string records =
      absl::StrCat(count, " more ", count == 1 ? "record" : "records", " of ", platform);
  switch (kind) {
    case v1::EVENT_KIND_APPLIED:
      return absl::StrCat(deliveries, " arrived");
    case v1::EVENT_KIND_PUBLISHED:
      return absl::StrCat(records, " were published");
    case v1::EVENT_KIND_DELETED:
      return absl::StrCat(records, " were unpublished");
    case v1::EVENT_KIND_WAITING:
      return absl::StrCat(deliveries, " wait for other records");
    case v1::EVENT_KIND_DEAD:
      return absl::StrCat(deliveries, " were given up");
    case v1::EVENT_KIND_HELD:
      return absl::StrCat(deliveries, " were held back");
    case v1::EVENT_KIND_RELEASED:
      return absl::StrCat(deliveries, " are on their way again");
    case v1::EVENT_KIND_CONFLICT:
      return absl::StrCat(records, " were changed there, too");
    case v1::EVENT_KIND_SKIPPED:
      return absl::StrCat(deliveries, " were left out");
    case v1::EVENT_KIND_FILE_PLACED:
      return absl::StrCat(count, " more ", count == 1 ? "file is" : "files are", " on ", platform);
    case v1::EVENT_KIND_FILE_REFUSED:
      return absl::StrCat(count, " more ", count == 1 ? "file" : "files", " for ", platform, " were refused");
    case v1::EVENT_KIND_FILE_PROGRESS:
      return absl::StrCat("files for ", platform, " moved on ", count, " more times");
    case v1::EVENT_KIND_CHANGE:
      return absl::StrCat(count, " more changes moved on");
    default:
      return absl::StrCat(deliveries, " failed");
  }
}

// "a minute", "30s".
std::string Words(absl::Duration interval) {
  if (interval == absl::Seconds(1)) return "a second";
  if (interval == absl::Minutes(1)) return "a minute";
  if (interval == absl::Hours(1)) return "an hour";
  return absl::FormatDuration(interval);
}

}  // namespace

Digest::Digest(const v1::EventDigest& options, const Clock& clock)
    : interval_(ToDuration(options.interval())),
      max_events_(options.max_events() > 0 ? options.max_events() : kDefaultEvents),
      clock_(clock) {}

Digest::Group& Digest::GroupOf(const v1::Event& event, absl::Time now) {
  Key key = {event.target().platform(), event.kind(), event.error().reason()};
  if (groups_.size() >= kMaxGroups && !groups_.contains(key)) std::get<2>(key).clear();
  const auto [found, is_new] = groups_.try_emplace(std::move(key));
  Group& group = found->second;
  if (is_new) group.end = now + interval_;
  return group;
}

bool Digest::LetsThrough(const v1::Event& event, const WatchPosition& position) {
  if (IsNeverDigested(event.kind())) return true;
  const absl::Time now = clock_.Now();
  Group& group = GroupOf(event, now);
  if (now >= group.end && group.digest.count() == 0) {  // Nobody took it, for there was nothing to take.
    group.end = now + interval_;
    group.told = 0;
  }
  if (group.told < max_events_) {
    ++group.told;
    return true;
  }
  v1::Event& digest = group.digest;
  if (digest.count() == 0) {
    group.first_kept = position;
    group.first_id = event.event_id();
    group.message = event.error().message();
    digest.set_kind(v1::EVENT_KIND_DIGEST);
    digest.set_digest_kind(event.kind());
    digest.mutable_target()->set_platform(event.target().platform());
    *digest.mutable_first_time() = event.time();
    if (event.has_error()) *digest.mutable_error() = event.error();
  }
  digest.set_count(digest.count() + 1);
  *digest.mutable_time() = event.time();
  group.last_id = event.event_id();
  if (digest.sample_entity_ids_size() < kSamples && !event.entity_id().empty())
    digest.add_sample_entity_ids(event.entity_id());
  return false;
}

v1::Event Digest::Finish(Group& group) const {
  v1::Event digest = std::move(group.digest);
  const std::string& why = group.message.empty() ? digest.error().reason() : group.message;
  digest.set_event_id(absl::StrCat("digest/", group.first_id, "/", group.last_id));
  digest.set_sentence(absl::StrCat(What(digest.digest_kind(), digest.count(), digest.target().platform()),
                                   " within ", Words(interval_), why.empty() ? "" : ": ", why,
                                   !why.empty() && why.back() == '.' ? "" : "."));
  return digest;
}

std::vector<v1::Event> Digest::Take(bool all) {
  const absl::Time now = clock_.Now();
  std::vector<v1::Event> digests;
  for (auto group = groups_.begin(); group != groups_.end();) {
    if (!all && now < group->second.end) {
      ++group;
      continue;
    }
    if (group->second.digest.count() > 0) digests.push_back(Finish(group->second));
    group = groups_.erase(group);
  }
  return digests;
}

std::optional<WatchPosition> Digest::first_kept() const {
  std::optional<WatchPosition> first;
  for (const auto& [key, group] : groups_) {
    if (group.digest.count() > 0 && (!first || group.first_kept < *first)) first = group.first_kept;
  }
  return first;
}

absl::Time Digest::next_time() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [key, group] : groups_) {
    if (group.digest.count() > 0) next = std::min(next, group.end);
  }
  return next;
}

absl::Status CheckDigest(const v1::EventDigest& digest, absl::string_view field) {
  const absl::Duration interval = ToDuration(digest.interval());
  if (interval < absl::Seconds(1) || interval > absl::Hours(1)) {
    return InvalidField(absl::StrCat(field, ".interval"),
                        absl::StrCat("got ", absl::FormatDuration(interval), ", want 1 s to 1 hour"));
  }
  if (digest.max_events() < 0 || digest.max_events() > kMaxEvents) {
    return InvalidField(absl::StrCat(field, ".max_events"),
                        absl::StrCat("got ", digest.max_events(), ", want 1 to ", kMaxEvents));
  }
  return absl::OkStatus();
}

}  // namespace cognate::feedback
