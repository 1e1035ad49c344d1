#include "services/gateway/files/source_watch.h"

#include <utility>

#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);
// What is younger is taken as it is, of sources that answered and of those that did not.
constexpr absl::Duration kFresh = absl::Seconds(10);
constexpr absl::Duration kFreshWithout = absl::Seconds(3);
// What is younger is taken, and asked anew meanwhile.
constexpr absl::Duration kUsable = absl::Minutes(1);
// Of all addresses of one source at a time; of one that was not there a while ago, one.
constexpr int kChecksOfOrigin = 8;
constexpr size_t kMostAddresses = 20'000;

std::string OriginOf(const std::string& address) {
  const size_t host = address.find("://");
  return address.substr(0, host == std::string::npos ? host : address.find('/', host + 3));
}

// A source that does not let us in is there; a browser may have what opens it.
bool HasFile(int status) { return status < 500 && status != 404 && status != 410; }

}  // namespace

SourceWatch::SourceWatch(const Clock& clock, metrics::Registry& metrics)
    : clock_(clock),
      links_(metrics.Counters("gateway_links_total", "Lasting links that were opened, by what answered.",
                              {"from"})),
      checks_(
          metrics.Counters("gateway_source_checks_total", "How often the sources of links were asked.", {})
              .With()) {}

void SourceWatch::Ask(const std::string& address, bool allow_private_addresses, Then then) {
  bool answers = false;
  {
    MutexLock lock(&mutex_);
    if (!is_over_) {
      const absl::Time now = clock_.Now();
      Origin& origin = origins_[OriginOf(address)];
      Address& known = Use(address);
      const absl::Duration age = now - known.asked;
      const bool is_fresh = age < (known.answers ? kFresh : kFreshWithout);
      const absl::Duration since = now - origin.known;
      const bool is_gone = !origin.is_there && since < kUsable;
      const int most_checks = !is_gone ? kChecksOfOrigin : since < kFreshWithout ? 0 : 1;
      if (!is_fresh && !known.is_checked && origin.checks < most_checks)
        Check(address, allow_private_addresses);
      if (is_fresh || is_gone || age < kUsable) {
        answers = known.answers && !is_gone;
      } else if (known.is_checked) {
        return known.waiting.push_back(std::move(then));
      } else if (origin.is_there) {
        answers = true;  // it has enough to do, and is there
      } else {
        return origin.waiting.push_back(std::move(then));
      }
    }
  }
  then(answers);
}

SourceWatch::Address& SourceWatch::Use(const std::string& address) {
  std::unique_ptr<Address>& known = addresses_[address];
  if (known != nullptr) {
    by_use_.splice(by_use_.begin(), by_use_, known->place);
    return *known;
  }
  by_use_.push_front(address);
  known = std::make_unique<Address>(Address{.place = by_use_.begin()});
  Address& added = *known;
  // One that is being asked for is among the last used, or there would be tens of thousands of them.
  if (addresses_.size() > kMostAddresses && !addresses_[by_use_.back()]->is_checked) {
    addresses_.erase(by_use_.back());
    by_use_.pop_back();
  }
  return added;
}

void SourceWatch::Check(const std::string& address, bool allow_private_addresses) {
  std::unique_ptr<webhook::Sender>& sender = senders_[allow_private_addresses];
  if (sender == nullptr) {
    sender = std::make_unique<webhook::Sender>(
        webhook::SenderOptions{.allow_private_addresses = allow_private_addresses, .max_answer = 1024});
  }
  addresses_[address]->is_checked = true;
  ++origins_[OriginOf(address)].checks;
  checks_.Increment();
  webhook::Request request;
  request.url = address;
  request.is_head = true;
  request.timeout = kTimeout;
  sender->Send(std::move(request),
               [this, address](const absl::StatusOr<webhook::Answer>& answer) { Checked(address, answer); });
}

void SourceWatch::Checked(const std::string& address, const absl::StatusOr<webhook::Answer>& answer) {
  const bool is_there = answer.ok();
  const bool answers = is_there && HasFile(answer->status);
  std::vector<Then> of_address, of_origin;
  {
    MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    Address& known = *addresses_[address];
    known.asked = now;
    known.answers = answers;
    known.is_checked = false;
    of_address.swap(known.waiting);
    Origin& origin = origins_[OriginOf(address)];
    // One file that takes long, of a source that has others.
    const bool is_slow_file =
        ErrorReason(answer.status()) == "TIMED_OUT" && origin.is_there && now - origin.known < kFresh;
    if (!is_slow_file) {
      origin.known = now;
      origin.is_there = is_there;
    }
    --origin.checks;
    of_origin.swap(origin.waiting);
  }
  for (const Then& then : of_address) then(answers);
  for (const Then& then : of_origin) then(is_there);
}

void SourceWatch::Shutdown() {
  decltype(senders_) senders;
  {
    MutexLock lock(&mutex_);
    is_over_ = true;
    senders.swap(senders_);
  }
  // Their last checks end here, and answer whoever waits.
  senders.clear();
}

}  // namespace cognate::gateway
