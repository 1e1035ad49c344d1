// Where a lane leaves deliveries for its platform's agent, and the agent's calls find them. A delivery is
// lent out for as long as the agent asked for; what is not answered by then is lent out again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/delivery.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "common/trace/context.h"
#include "services/delivery/channel.h"

namespace cognate::delivery {

// Deliveries that were lent out together.
struct Lent {
  std::string lease;  // empty if there are none
  absl::Time expires;
  std::vector<v1::Delivery> deliveries;
  trace::SpanContext trace = {};  // of the first whose trace is sampled, else of the first
};

// What an agent's call waits for: that feedback has taken its answers.
struct Answers {
  size_t untold = 0;
  bool failed = false;  // the lane has ended; nobody will tell
};

// Of one platform. Thread safe: one lane, any number of calls.
class Mailbox {
 public:
  // `on_free` is called when something may be lent out that could not be before.
  explicit Mailbox(
      const Clock& clock, std::function<void()> on_free = [] {})
      : clock_(clock), on_free_(std::move(on_free)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // For the lane.

  // Has these in the box and nothing else, in their order; what is there already keeps its lease. Waits until
  // some of them are answered, but not longer. The outcomes in their order, those without an answer without a
  // status; what is answered is out of the box.
  std::vector<v1::Outcome> Exchange(absl::Span<const Outgoing> deliveries, absl::Duration wait);
  // Feedback has taken these outcomes.
  void Told(const v1::ReportRequest& report);
  // The lane has ended: the box is empty, and whoever waits for it to tell is let go.
  void Close();
  // When the agent last asked for deliveries; InfinitePast for never.
  absl::Time last_asked() const;
  // Something is lent out, and its time is not over.
  bool AnyLent() const;

  // For the agent's calls. `gone` says that nobody waits for the answer any more.

  void NoteAsked();
  // Lends out what is free now, as long as at most `credits` are lent under `leases` and this one together.
  Lent LendNow(size_t credits, const absl::flat_hash_set<std::string>& leases, absl::Duration lease_duration);
  // The same; waits for the first one until `until`.
  Lent Lend(size_t credits, const absl::flat_hash_set<std::string>& leases, absl::Duration lease_duration,
            absl::Time until, const std::function<bool()>& gone);
  // Takes leases out under which nothing is lent any more.
  void ForgetOver(absl::flat_hash_set<std::string>* leases) const;
  // Answers what is in the box. The results of which nothing is there come back.
  std::shared_ptr<Answers> Answer(const google::protobuf::RepeatedPtrField<v1::DeliveryResult>& results,
                                  std::vector<const v1::DeliveryResult*>* others);
  // False if they were not told.
  bool AwaitTold(const std::shared_ptr<Answers>& answers, absl::Time until,
                 const std::function<bool()>& gone);

 private:
  using Key = std::pair<std::string, std::string>;  // entity as text, model
  struct Slot {
    v1::Delivery delivery;
    v1::Outcome applied;  // what it is when it was written
    size_t bytes = 0;     // of the delivery
    std::string lease = {};
    absl::Time lent_until = absl::InfinitePast();
    std::optional<v1::Outcome> outcome = {};
    trace::SpanContext trace = {};  // of the round that has put it there

    bool IsLent(absl::Time now) const { return !outcome.has_value() && now < lent_until; }
  };

  void Put(absl::Span<const Outgoing> deliveries) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t CountLent(const absl::flat_hash_set<std::string>& leases) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Lent LendLocked(size_t credits, const absl::flat_hash_set<std::string>& leases,
                  absl::Duration lease_duration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellFree();
  absl::Time NextFree() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const std::function<void()> on_free_;
  mutable Mutex mutex_;
  CondVar free_;      // something may be lent out
  CondVar answered_;  // something is answered, or the box is closed
  CondVar told_;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Key, size_t> places_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Key, std::shared_ptr<Answers>> untold_ ABSL_GUARDED_BY(mutex_);
  size_t answered_count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_asked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

// One for each platform, made at its first use. Thread safe; the boxes live as long as this.
class Mailboxes {
 public:
  // `on_free` as a Mailbox has it, with the platform.
  Mailboxes(const Clock& clock, std::function<void(const std::string& platform)> on_free)
      : clock_(clock), on_free_(std::move(on_free)) {}
  Mailbox& Of(const std::string& platform);

 private:
  const Clock& clock_;
  const std::function<void(const std::string& platform)> on_free_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::unique_ptr<Mailbox>> boxes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::delivery
