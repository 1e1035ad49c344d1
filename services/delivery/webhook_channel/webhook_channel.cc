#include "services/delivery/webhook_channel/webhook_channel.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/text/excerpt.h"
#include "services/delivery/public_delivery.h"

namespace cognate::delivery {
namespace {

using absl::StrCat;

constexpr size_t kDefaultDeliveries = 100;
constexpr size_t kShownBytes = 300;
constexpr absl::Duration kGoneFor = absl::Hours(24);
// So many records that failed alone, and none that was taken: it is the endpoint.
constexpr int kFailuresOfAll = 5;

bool IsTaken(int status) { return status >= 200 && status < 300; }
bool IsServerFault(int status) { return status >= 500 || status == 408; }

absl::Status EndpointFailed(const webhook::Answer& answer) {
  return Error(absl::StatusCode::kUnavailable, "ENDPOINT_FAILED", webhook::Said(answer));
}

// What an answer says of the endpoint as a whole; OK where it is about what was sent.
absl::Status EndpointFault(const webhook::Answer& answer) {
  const auto error = [&](absl::StatusCode code, absl::string_view reason, absl::string_view advice) {
    return Error(code, reason, StrCat(webhook::Said(answer), advice));
  };
  const int status = answer.status;
  if (status < 200)
    return error(absl::StatusCode::kUnavailable, "CONNECTION_LOST", "; want an answer of HTTP");
  if (status >= 300 && status < 400) {
    return error(
        absl::StatusCode::kFailedPrecondition, "ENDPOINT_REDIRECTED",
        StrCat(
            "; redirects are not followed, set the URL to where it leads",
            answer.location.empty() ? "" : StrCat(" (", text::Excerpt(answer.location, kShownBytes), ")")));
  }
  switch (status) {
    case 401:
    case 403:
      return error(absl::StatusCode::kUnauthenticated, "SIGNATURE_REFUSED",
                   "; give the endpoint the secret of the platform, and check its clock");
    case 404:
    case 405:
      return error(absl::StatusCode::kFailedPrecondition, "ENDPOINT_NOT_FOUND", "; correct the URL");
    case 410:
      return error(absl::StatusCode::kFailedPrecondition, "ENDPOINT_GONE",
                   "; nothing more is sent for a day, or until the platform is changed")
          .RetryAfter(kGoneFor);
    case 429:
      return error(absl::StatusCode::kUnavailable, "ENDPOINT_OVERLOADED", "; it is left alone for a while")
          .RetryAfter(answer.retry_after.value_or(absl::Seconds(5)));
    default:
      break;
  }
  if (status == 503 && answer.retry_after.has_value()) {
    return error(absl::StatusCode::kUnavailable, "ENDPOINT_OVERLOADED",
                 "; it is left alone for as long as it asks")
        .RetryAfter(*answer.retry_after);
  }
  return absl::OkStatus();
}

}  // namespace

struct WebhookChannel::Work {
  absl::Span<const Outgoing> deliveries;
  std::vector<v1::Outcome> outcomes;
  std::deque<Part> to_send;
  size_t under_way = 0;
  int failed_alone = 0;
  bool any_taken = false;

  absl::Span<const Outgoing> Of(const Part& part) const {
    return deliveries.subspan(part.begin, part.size());
  }
};

WebhookChannel::WebhookChannel(const v1::Platform& platform, const WebhookParts& parts)
    : platform_(platform), id_(absl::StripPrefix(platform.name(), "platforms/")), parts_(parts) {}

// Every call waits for its answers.
WebhookChannel::~WebhookChannel() = default;

size_t WebhookChannel::max_deliveries() const {
  const int wanted = platform_.webhook().max_deliveries();
  return wanted > 0 ? static_cast<size_t>(wanted) : kDefaultDeliveries;
}

size_t WebhookChannel::max_requests() const {
  return static_cast<size_t>(std::max(1, platform_.webhook().max_requests()));
}

absl::Status WebhookChannel::Open() {
  ASSIGN_OR_RETURN(webhook::Signer signer, webhook::ReadSigner(platform_.webhook()));
  signer_ = std::make_unique<webhook::Signer>(std::move(signer));
  {
    MutexLock lock(&mutex_);
    interrupted_ = false;
  }
  return Ping();
}

absl::Status WebhookChannel::Ping() {
  Send(Part(), webhook::MakePing(id_, parts_.clock.Now()));
  ASSIGN_OR_RETURN(const webhook::Answer answer, Await().second);
  RETURN_IF_ERROR(EndpointFault(answer));
  return IsServerFault(answer.status) ? EndpointFailed(answer) : absl::OkStatus();
}

void WebhookChannel::Start(const Part& part, Work& work) {
  ++work.under_way;
  Send(part, MakeMessage(id_, work.Of(part), max_deliveries() == 1, parts_.clock.Now()));
}

// The answers are taken up by the thread that called Apply; the sender's only leaves them here.
void WebhookChannel::Send(const Part& part, webhook::Message message) {
  webhook::Request request =
      webhook::MakeRequest(platform_.webhook(), *signer_, std::move(message), parts_.clock.Now());
  MutexLock lock(&mutex_);
  if (interrupted_) {
    answers_.emplace_back(part, absl::CancelledError("interrupted"));
    return;
  }
  // Locked, so that no answer comes before the id is known.
  under_way_.insert(
      parts_.sender.Send(std::move(request), [this, part](absl::StatusOr<webhook::Answer> answer) {
        MutexLock in_answer(&mutex_);
        last_answer_ = parts_.clock.Now();
        answers_.emplace_back(part, std::move(answer));
        answered_.Signal();
      }));
}

WebhookChannel::Answered WebhookChannel::Await() {
  MutexLock lock(&mutex_);
  while (answers_.empty()) answered_.Wait(&mutex_);
  Answered answered = std::move(answers_.front());
  answers_.pop_front();
  return answered;
}

absl::StatusOr<std::vector<v1::Outcome>> WebhookChannel::Apply(absl::Span<const Outgoing> deliveries) {
  lost_ = absl::OkStatus();
  {
    MutexLock lock(&mutex_);
    interrupted_ = false;
    under_way_.clear();
  }
  Work work;
  work.deliveries = deliveries;
  work.outcomes.resize(deliveries.size());
  for (size_t begin = 0; begin < deliveries.size(); begin += max_deliveries())
    work.to_send.push_back({begin, std::min(begin + max_deliveries(), deliveries.size())});
  while (!work.to_send.empty() || work.under_way > 0) {
    while (!work.to_send.empty() && work.under_way < max_requests()) {
      const Part part = work.to_send.front();
      work.to_send.pop_front();
      Start(part, work);
    }
    const Answered answered = Await();
    --work.under_way;
    Take(answered.first, answered.second, work);
    if (!lost_.ok()) work.to_send.clear();
  }
  // Records that failed alone while none was taken: whether it was they, or the endpoint, a ping tells.
  if (lost_.ok() && work.failed_alone > 0 && !work.any_taken) {
    if (const absl::Status status = Ping(); !status.ok()) LoseAll(status, work);
  }
  const bool any_answered = std::any_of(
      work.outcomes.begin(), work.outcomes.end(),
      [](const v1::Outcome& outcome) { return outcome.status() != v1::OUTCOME_STATUS_UNSPECIFIED; });
  if (!lost_.ok() && !any_answered) return lost_;
  return std::move(work.outcomes);
}

void WebhookChannel::Take(const Part& part, const absl::StatusOr<webhook::Answer>& answer, Work& work) {
  if (!answer.ok()) {
    lost_ = answer.status();
    return;
  }
  if (const absl::Status fault = EndpointFault(*answer); !fault.ok()) {
    lost_ = fault;
    return;
  }
  if (!IsTaken(answer->status)) return TakeRefusal(part, *answer, work);
  absl::StatusOr<std::vector<v1::Outcome>> outcomes =
      answer->is_cut ? absl::InvalidArgumentError(
                           "the endpoint's answer is larger than 1 MiB; send fewer records "
                           "at a time (max_deliveries), or shorter answers")
                     : ReadAnswer(answer->body, work.Of(part), max_deliveries() == 1);
  if (!outcomes.ok()) {
    lost_ = Error(absl::StatusCode::kFailedPrecondition, "BAD_ANSWER", outcomes.status().message());
    return;
  }
  work.any_taken = true;
  std::move(outcomes->begin(), outcomes->end(),
            work.outcomes.begin() + static_cast<std::ptrdiff_t>(part.begin));
}

void WebhookChannel::TakeRefusal(const Part& part, const webhook::Answer& answer, Work& work) {
  if (part.size() > 1) {
    const size_t middle = part.begin + part.size() / 2;
    Part halves[] = {{part.begin, middle}, {middle, part.end}};
    // At random, so that a few bad records at the beginning are not for ever the ones that are tried first.
    if (RandomHex(1) < "8") std::swap(halves[0], halves[1]);
    work.to_send.insert(work.to_send.begin(), std::begin(halves), std::end(halves));
    return;
  }
  const Outgoing& outgoing = work.deliveries[part.begin];
  if (!IsServerFault(answer.status)) {
    work.any_taken = true;  // it reads what comes
    work.outcomes[part.begin] = RejectedOutcome(
        outgoing, answer.status == 413 ? "TOO_LARGE_FOR_TARGET" : "REFUSED_BY_TARGET", webhook::Said(answer));
    return;
  }
  work.outcomes[part.begin] = FailedOutcome(outgoing, "ENDPOINT_FAILED", webhook::Said(answer));
  if (++work.failed_alone < kFailuresOfAll || work.any_taken) return;
  LoseAll(EndpointFailed(answer), work);
}

void WebhookChannel::LoseAll(const absl::Status& why, Work& work) {
  work.outcomes.assign(work.outcomes.size(), v1::Outcome());
  lost_ = why;
}

absl::Time WebhookChannel::last_answer() const {
  MutexLock lock(&mutex_);
  return last_answer_;
}

void WebhookChannel::Interrupt() {
  MutexLock lock(&mutex_);
  interrupted_ = true;
  for (const uint64_t id : under_way_) parts_.sender.Cancel(id);
}

}  // namespace cognate::delivery
