#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/webhook/sender.h"
#include "common/worker/stop_token.h"
#include "services/feedback/events/event_stream.h"
#include "services/feedback/hooks/hook_store.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Sends each hook its events: in order, one request at a time, each at least once. One worker for all hooks:
// it never waits for an endpoint. Of several processes one sends for a hook, as long as its lease lasts.
//
// A request is written down before it is sent and is the same each time until the endpoint has taken it. Then
// the feed goes on behind it. Where the process dies, another one goes on from what is written down.
class HookSender {
 public:
  HookSender(const Parts& parts, HookStore& store);
  ~HookSender();

  // The loop; the whole of one worker.
  void Run(StopToken& stop);

 private:
  struct Live;
  using Answered = std::pair<uint64_t, absl::StatusOr<webhook::Answer>>;

  // Takes leases, and makes what it knows of hooks as the table has it.
  absl::Status Look(absl::Time now);
  absl::Status Open(Hook hook);
  absl::Status Refilter(Live& live) const;
  absl::Status Step(Live& live, absl::Time now);
  // Makes the next request; false if there is nothing to send.
  absl::StatusOr<bool> Prepare(Live& live, absl::Time now);
  absl::Status Send(Live& live, absl::Time now);
  void TakeAnswers(absl::Time now);
  absl::Status Take(Live& live, const absl::StatusOr<webhook::Answer>& answer, absl::Time now);
  absl::Status Failed(Live& live, absl::string_view error, absl::Duration asked, absl::Time now);
  // The events that come next are gone. `live` is another one behind it.
  absl::Status Lose(Live& live, const absl::Status& why);
  // What went wrong is begun anew from what is written down.
  void Drop(const std::string& id, const absl::Status& why);
  void StepAll(absl::Time now);

  const Parts& parts_;
  HookStore& store_;
  const std::string owner_;
  std::unique_ptr<EventFeed::Watcher> watcher_;  // while there is any hook
  std::map<std::string, std::unique_ptr<Live>> live_;
  absl::Time next_look_ = absl::InfinitePast();
  uint64_t last_number_ = 0;

  Mutex mutex_;
  std::deque<Answered> answers_ ABSL_GUARDED_BY(mutex_);
  StopToken* loop_ ABSL_GUARDED_BY(mutex_) = nullptr;
  // Last: they call back until they are gone.
  webhook::Sender public_sender_{{.allow_private_addresses = false}};
  webhook::Sender any_sender_{{.allow_private_addresses = true}};
};

}  // namespace cognate::feedback
