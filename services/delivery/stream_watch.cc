#include "services/delivery/stream_watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

constexpr size_t kGroupSize = 500;
constexpr absl::Duration kBlock = absl::Seconds(2);
constexpr absl::Duration kNewcomersBlock = absl::Milliseconds(100);
constexpr absl::Duration kPatience = absl::Seconds(5);  // with an answer, beyond the time that it may take
constexpr BackoffPolicy kBackoff = {absl::Milliseconds(100), 2.0, absl::Seconds(1)};

void MoveTo(std::vector<std::string>& from, size_t count, std::vector<std::string>* to) {
  const auto begin = from.end() - static_cast<std::ptrdiff_t>(std::min(count, from.size()));
  to->insert(to->end(), std::make_move_iterator(begin), std::make_move_iterator(from.end()));
  from.erase(begin, from.end());
}

}  // namespace

StreamWatch::StreamWatch(redis::Options redis, std::string prefix, const Clock& clock, Wanted wanted)
    : redis_(std::move(redis)),
      prefix_(std::move(prefix)),
      clock_(clock),
      wanted_(std::move(wanted)),
      backoff_(kBackoff) {}

absl::Status StreamWatch::Ask(Group& group, absl::Duration block) {
  std::vector<std::string>& platforms = group.platforms;
  const auto unwanted = std::partition(platforms.begin(), platforms.end(), wanted_);
  std::for_each(unwanted, platforms.end(), [&](const std::string& platform) { watched_.erase(platform); });
  platforms.erase(unwanted, platforms.end());
  if (platforms.empty()) return absl::OkStatus();
  if (group.connection == nullptr) {
    ASSIGN_OR_RETURN(group.connection, redis::StreamWaiter::Connect(redis_));
  }
  std::vector<std::string> streams;
  streams.reserve(platforms.size());
  for (const std::string& platform : platforms) streams.push_back(bus::LaneStream(platform, prefix_));
  RETURN_IF_ERROR(group.connection->Ask(streams, block));
  group.is_asked = true;
  group.answer_due = clock_.Now() + block + kPatience;
  return absl::OkStatus();
}

// Where a newcomer goes it is asked about at once: no moment is without a look.
void StreamWatch::Settle() {
  bool any_has_room = false;
  for (const std::unique_ptr<Group>& group : groups_) {
    const size_t room = kGroupSize - std::min(kGroupSize, group->platforms.size());
    any_has_room |= room > 0;
    if (!group->is_asked) MoveTo(newcomers_.platforms, room, &group->platforms);
  }
  if (newcomers_.is_asked) return;
  while (!newcomers_.platforms.empty() && (!any_has_room || newcomers_.platforms.size() >= kGroupSize)) {
    groups_.push_back(std::make_unique<Group>());
    MoveTo(newcomers_.platforms, kGroupSize, &groups_.back()->platforms);
  }
  MoveTo(arrived_, arrived_.size(), &newcomers_.platforms);
}

absl::Status StreamWatch::AskAll() {
  Settle();
  if (!newcomers_.is_asked) RETURN_IF_ERROR(Ask(newcomers_, kNewcomersBlock));
  for (const std::unique_ptr<Group>& group : groups_) {
    if (!group->is_asked) RETURN_IF_ERROR(Ask(*group, kBlock));
  }
  groups_.erase(
      std::remove_if(groups_.begin(), groups_.end(), [](const auto& group) { return !group->is_asked; }),
      groups_.end());
  return absl::OkStatus();
}

void StreamWatch::Lose(const absl::Status& why) {
  log::Warn("streams of resting lanes not readable", {{"status", why}});
  not_before_ = clock_.Now() + backoff_.Next();
  const auto lose = [](Group& group) {
    group.connection.reset();
    group.is_asked = false;
  };
  lose(newcomers_);
  for (const std::unique_ptr<Group>& group : groups_) lose(*group);
}

void StreamWatch::Take(Group& group, std::vector<std::string>* filled) {
  const absl::StatusOr<std::vector<std::string>> streams = group.connection->Take();
  if (!streams.ok()) return Lose(streams.status());
  backoff_.Reset();
  group.is_asked = false;
  if (streams->empty()) return;
  const absl::flat_hash_set<std::string> named(streams->begin(), streams->end());
  const auto rest = std::partition(
      group.platforms.begin(), group.platforms.end(),
      [&](const std::string& platform) { return !named.contains(bus::LaneStream(platform, prefix_)); });
  std::for_each(rest, group.platforms.end(), [&](const std::string& platform) { watched_.erase(platform); });
  MoveTo(group.platforms, static_cast<size_t>(group.platforms.end() - rest), filled);
}

std::vector<std::string> StreamWatch::Wait(absl::Duration wait) {
  std::vector<std::string> filled;
  if (clock_.Now() >= not_before_) {
    if (const absl::Status asked = AskAll(); !asked.ok()) Lose(asked);
  }
  std::vector<Group*> groups;
  std::vector<const redis::StreamWaiter*> connections;
  const auto add = [&](Group& group) {
    if (!group.is_asked) return;
    groups.push_back(&group);
    connections.push_back(group.connection.get());
  };
  add(newcomers_);
  for (const std::unique_ptr<Group>& group : groups_) add(*group);
  for (const size_t ready : redis::StreamWaiter::Await(connections, wait)) {
    if (groups[ready]->is_asked) Take(*groups[ready], &filled);
  }
  const absl::Time now = clock_.Now();
  if (std::any_of(groups.begin(), groups.end(),
                  [&](const Group* group) { return group->is_asked && now > group->answer_due; }))
    Lose(absl::DeadlineExceededError("Redis does not answer"));
  return filled;
}

}  // namespace cognate::delivery
