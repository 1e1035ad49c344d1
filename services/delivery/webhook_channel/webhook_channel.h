// Deliveries as signed HTTP requests (docs/webhooks.md). What is refused as a whole is halved until the bad
// records stand alone, so that one of them cannot hold up the others.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "cognate/v1/platform.pb.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "common/webhook/sender.h"
#include "common/webhook/signer.h"
#include "services/delivery/channel.h"
#include "services/delivery/webhook_channel/message.h"

namespace cognate::delivery {

struct WebhookParts {
  const Clock& clock;
  webhook::Sender& sender;  // that goes where the platform's endpoint may be
};

class WebhookChannel final : public Channel {
 public:
  WebhookChannel(const v1::Platform& platform, const WebhookParts& parts);
  ~WebhookChannel() override;

  // Reads the secrets and asks the endpoint whether it is there. Anything that a server would only say when
  // it works will do, also that it does not know what a ping is. UNAUTHENTICATED for 401 and 403;
  // FAILED_PRECONDITION ENDPOINT_GONE with a RetryInfo of a day for 410.
  absl::Status Open() override;
  absl::StatusOr<std::vector<v1::Outcome>> Apply(absl::Span<const Outgoing> deliveries) override;
  absl::Status lost() const override { return lost_; }
  bool knows_entities() const override { return false; }
  absl::Time last_answer() const override;
  void Interrupt() override;

 private:
  // Some neighbouring deliveries in one request.
  struct Part {
    size_t begin = 0, end = 0;
    size_t size() const { return end - begin; }
  };
  using Answered = std::pair<Part, absl::StatusOr<webhook::Answer>>;
  // One call of Apply.
  struct Work;

  absl::Status Ping();
  void Start(const Part& part, Work& work);
  // Its answer comes by Await, as that of `part`.
  void Send(const Part& part, webhook::Message message);
  // Nobody's fault but the endpoint's: the records stay due, and none of them counts an attempt.
  void LoseAll(const absl::Status& why, Work& work);
  void Take(const Part& part, const absl::StatusOr<webhook::Answer>& answer, Work& work);
  void TakeRefusal(const Part& part, const webhook::Answer& answer, Work& work);
  Answered Await();
  size_t max_deliveries() const;
  size_t max_requests() const;

  const v1::Platform platform_;
  const std::string id_;
  const WebhookParts parts_;
  std::unique_ptr<webhook::Signer> signer_;
  absl::Status lost_;

  mutable Mutex mutex_;
  CondVar answered_;
  std::deque<Answered> answers_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<uint64_t> under_way_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_answer_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cognate::delivery
