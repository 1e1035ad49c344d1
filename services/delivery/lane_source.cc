#include "services/delivery/lane_source.h"

#include <utility>

#include "common/bus/job_span.h"
#include "common/bus/streams.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

constexpr char kConsumer[] = "lane";
constexpr int kEntriesPerRead = 16;

}  // namespace

LaneSource::LaneSource(redis::Options redis, std::string prefix, std::string platform)
    : redis_(std::move(redis)),
      stream_(bus::LaneStream(platform, prefix)),
      closed_key_(bus::LaneClosedKey(platform, prefix)) {}

absl::StatusOr<redis::Client*> LaneSource::Connected() {
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(client_, redis::Client::Connect(redis_));
  }
  return client_.get();
}

absl::StatusOr<std::vector<LaneEntry>> LaneSource::Next(size_t max_deliveries, absl::Duration block) {
  if (buffer_.empty()) {
    const absl::Status status = Read(block);
    if (!status.ok()) {
      // Entries whose answer was lost are pending now.
      pending_first_ = true;
      pending_after_ = "0";
      return status;
    }
  }
  std::vector<LaneEntry> entries;
  size_t deliveries = 0;
  while (!buffer_.empty() && (entries.empty() || deliveries + buffer_.front().size <= max_deliveries)) {
    deliveries += buffer_.front().size;
    entries.push_back(std::move(buffer_.front()));
    buffer_.pop_front();
  }
  return entries;
}

absl::Status LaneSource::Read(absl::Duration block) {
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  if (std::exchange(connections_, client->connections()) != client->connections()) {
    // Behind a new connection may be a Redis that has gone back: what is pending there, and was acknowledged
    // before, would stay for ever and hold back every refill.
    pending_first_ = true;
    pending_after_ = "0";
  }
  if (pending_first_) {
    ASSIGN_OR_RETURN(
        std::vector<redis::Entry> pending,
        client->ReadPending(stream_, bus::kDeliveryGroup, kConsumer, kEntriesPerRead, pending_after_));
    if (!pending.empty()) {
      pending_after_ = pending.back().id;
      Take(std::move(pending));
      return absl::OkStatus();
    }
    pending_first_ = false;
    pending_after_ = "0";
  }
  ASSIGN_OR_RETURN(std::vector<redis::Entry> entries,
                   client->ReadGroup(stream_, bus::kDeliveryGroup, kConsumer, kEntriesPerRead, block));
  Take(std::move(entries));
  if (unreadable_.empty()) return absl::OkStatus();
  const std::vector<std::string> ids = std::exchange(unreadable_, {});
  return client->AckAndDelete(stream_, bus::kDeliveryGroup, ids);
}

void LaneSource::Take(std::vector<redis::Entry> entries) {
  for (redis::Entry& entry : entries) {
    LaneEntry taken;
    taken.id = std::move(entry.id);
    taken.trace = bus::ContextOf(entry.traceparent);
    if (!taken.batch.ParseFromString(entry.payload)) {
      // The ledger still has what was meant, and a refill brings it again.
      log::Error("lane entry is no LaneBatch, dropped", {{"stream", stream_}, {"id", taken.id}});
      unreadable_.push_back(std::move(taken.id));
      continue;
    }
    for (const bus::v1::DeliveryGroup& group : taken.batch.groups()) {
      taken.size += static_cast<size_t>(group.deliveries_size());
    }
    buffer_.push_back(std::move(taken));
  }
}

absl::StatusOr<redis::Client::Standing> LaneSource::Look() {
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  ASSIGN_OR_RETURN(const std::vector<redis::Client::Standing> standings,
                   client->Standings({{stream_, closed_key_}}));
  return standings.front();
}

absl::StatusOr<absl::Time> LaneSource::OldestTime() {
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  ASSIGN_OR_RETURN(const std::optional<std::string> first, client->FirstId(stream_));
  return first ? redis::TimeOfId(*first) : absl::InfiniteFuture();
}

absl::Status LaneSource::MarkClosed(absl::string_view why) {
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  return client->Set(closed_key_, why);
}

absl::StatusOr<std::optional<std::string>> LaneSource::MarkOpen() {
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  ASSIGN_OR_RETURN(const std::optional<std::string> mark, client->Get(closed_key_));
  RETURN_IF_ERROR(client->Del(closed_key_));
  return mark;
}

absl::Status LaneSource::Drop() {
  buffer_.clear();
  pending_first_ = true;
  pending_after_ = "0";
  ASSIGN_OR_RETURN(redis::Client * client, Connected());
  return client->Del(stream_);
}

}  // namespace cognate::delivery
