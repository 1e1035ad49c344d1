#include "services/delivery/agent_channel/mailbox.h"

#include <algorithm>

#include "common/ids/uuid.h"
#include "common/trace/current.h"
#include "services/delivery/public_delivery.h"

namespace cognate::delivery {
namespace {

// Also how soon a caller that has gone, or whose key was revoked, is noticed.
constexpr absl::Duration kLongestWait = absl::Milliseconds(250);
// Of deliveries that are lent together: clients of gRPC take answers of 4 MiB unless they are told otherwise.
constexpr size_t kMaxLentBytes = 3 << 20;

}  // namespace

void Mailbox::Put(absl::Span<const Outgoing> deliveries) {
  std::vector<Slot> slots;
  absl::flat_hash_map<Key, size_t> places;
  answered_count_ = 0;
  for (const Outgoing& outgoing : deliveries) {
    Key key(EntityText(outgoing.delivery->entity_id()), outgoing.group->model());
    const auto known = places_.find(key);
    if (known != places_.end() && slots_[known->second].delivery.version() == outgoing.delivery->version()) {
      slots.push_back(std::move(slots_[known->second]));
    } else {
      slots.push_back({PublicDelivery(outgoing), AppliedOutcome(outgoing)});
      slots.back().bytes = slots.back().delivery.ByteSizeLong();
      slots.back().trace = trace::Now().span;
    }
    if (slots.back().outcome.has_value()) ++answered_count_;
    places.emplace(std::move(key), slots.size() - 1);
  }
  slots_ = std::move(slots);
  places_ = std::move(places);
  TellFree();
}

std::vector<v1::Outcome> Mailbox::Exchange(absl::Span<const Outgoing> deliveries, absl::Duration wait) {
  const absl::Time until = clock_.Now() + wait;
  MutexLock lock(&mutex_);
  Put(deliveries);
  for (absl::Time now = clock_.Now(); answered_count_ == 0 && now < until; now = clock_.Now())
    answered_.WaitFor(&mutex_, std::min(until - now, kLongestWait));
  std::vector<v1::Outcome> outcomes;
  std::vector<Slot> left;
  places_.clear();
  for (Slot& slot : slots_) {
    outcomes.push_back(slot.outcome.has_value() ? *std::move(slot.outcome) : v1::Outcome());
    if (slot.outcome.has_value()) continue;
    places_.emplace(Key(slot.delivery.entity_id(), slot.delivery.model()), left.size());
    left.push_back(std::move(slot));
  }
  slots_ = std::move(left);
  answered_count_ = 0;
  return outcomes;
}

void Mailbox::Told(const v1::ReportRequest& report) {
  MutexLock lock(&mutex_);
  for (const v1::Outcome& outcome : report.outcomes()) {
    const auto found = untold_.find(Key(EntityText(outcome.entity_id()), outcome.model()));
    if (found == untold_.end()) continue;
    --found->second->untold;
    untold_.erase(found);
  }
  told_.SignalAll();
}

void Mailbox::Close() {
  MutexLock lock(&mutex_);
  slots_.clear();
  places_.clear();
  answered_count_ = 0;
  for (const auto& [key, answers] : untold_) answers->failed = true;
  untold_.clear();
  told_.SignalAll();
}

absl::Time Mailbox::last_asked() const {
  MutexLock lock(&mutex_);
  return last_asked_;
}

bool Mailbox::AnyLent() const {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.IsLent(now); });
}

void Mailbox::NoteAsked() {
  MutexLock lock(&mutex_);
  last_asked_ = clock_.Now();
}

// The moment at which the next lease is over.
absl::Time Mailbox::NextFree() const {
  absl::Time next = absl::InfiniteFuture();
  for (const Slot& slot : slots_) {
    if (!slot.outcome.has_value()) next = std::min(next, slot.lent_until);
  }
  return next;
}

size_t Mailbox::CountLent(const absl::flat_hash_set<std::string>& leases) const {
  const absl::Time now = clock_.Now();
  return static_cast<size_t>(std::count_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.IsLent(now) && leases.contains(slot.lease);
  }));
}

Lent Mailbox::LendLocked(size_t credits, const absl::flat_hash_set<std::string>& leases,
                         absl::Duration lease_duration) {
  const absl::Time now = clock_.Now();
  last_asked_ = now;
  Lent lent;
  const size_t lent_before = CountLent(leases);
  size_t bytes = 0;
  for (Slot& slot : slots_) {
    if (lent_before + lent.deliveries.size() >= credits) break;
    if (slot.outcome.has_value() || now < slot.lent_until) continue;
    bytes += slot.bytes;
    if (bytes > kMaxLentBytes && !lent.deliveries.empty()) break;
    if (lent.lease.empty()) {
      lent.lease = RandomHex(16);
      lent.expires = now + lease_duration;
    }
    slot.lease = lent.lease;
    slot.lent_until = lent.expires;
    if (!lent.trace.valid() || (slot.trace.sampled && !lent.trace.sampled)) lent.trace = slot.trace;
    lent.deliveries.push_back(slot.delivery);
  }
  return lent;
}

Lent Mailbox::LendNow(size_t credits, const absl::flat_hash_set<std::string>& leases,
                      absl::Duration lease_duration) {
  MutexLock lock(&mutex_);
  return LendLocked(credits, leases, lease_duration);
}

Lent Mailbox::Lend(size_t credits, const absl::flat_hash_set<std::string>& leases,
                   absl::Duration lease_duration, absl::Time until, const std::function<bool()>& gone) {
  MutexLock lock(&mutex_);
  while (!gone()) {
    Lent lent = LendLocked(credits, leases, lease_duration);
    const absl::Time now = clock_.Now();
    if (!lent.deliveries.empty() || now >= until) return lent;
    free_.WaitFor(&mutex_,
                  std::clamp(std::min(until, NextFree()) - now, absl::Milliseconds(1), kLongestWait));
  }
  return {};
}

void Mailbox::TellFree() {
  free_.SignalAll();
  on_free_();
}

void Mailbox::ForgetOver(absl::flat_hash_set<std::string>* leases) const {
  const absl::Time now = clock_.Now();
  absl::flat_hash_set<std::string> live;
  MutexLock lock(&mutex_);
  for (const Slot& slot : slots_) {
    if (slot.IsLent(now) && leases->contains(slot.lease)) live.insert(slot.lease);
  }
  leases->swap(live);
}

std::shared_ptr<Answers> Mailbox::Answer(
    const google::protobuf::RepeatedPtrField<v1::DeliveryResult>& results,
    std::vector<const v1::DeliveryResult*>* others) {
  auto answers = std::make_shared<Answers>();
  MutexLock lock(&mutex_);
  for (const v1::DeliveryResult& result : results) {
    Key key(result.entity_id(), result.model());
    const auto found = places_.find(key);
    Slot* const slot = found == places_.end() ? nullptr : &slots_[found->second];
    if (slot == nullptr || slot->outcome.has_value() || slot->delivery.version() != result.version()) {
      others->push_back(&result);
      continue;
    }
    slot->outcome = OutcomeOf(slot->applied, slot->delivery.local_id(), result);
    SetWritten(slot->delivery, result, &*slot->outcome);
    ++answered_count_;
    std::shared_ptr<Answers>& waiting = untold_[std::move(key)];
    if (waiting != nullptr) waiting->failed = true;  // of an older version; it is not known to be told
    waiting = answers;
    ++answers->untold;
  }
  answered_.Signal();
  TellFree();  // credits came back
  return answers;
}

bool Mailbox::AwaitTold(const std::shared_ptr<Answers>& answers, absl::Time until,
                        const std::function<bool()>& gone) {
  MutexLock lock(&mutex_);
  for (absl::Time now = clock_.Now(); answers->untold > 0 && !answers->failed && now < until && !gone();
       now = clock_.Now())
    told_.WaitFor(&mutex_, std::min(until - now, kLongestWait));
  return answers->untold == 0;
}

Mailbox& Mailboxes::Of(const std::string& platform) {
  MutexLock lock(&mutex_);
  std::unique_ptr<Mailbox>& box = boxes_[platform];
  if (box == nullptr) box = std::make_unique<Mailbox>(clock_, [this, platform] { on_free_(platform); });
  return *box;
}

}  // namespace cognate::delivery
