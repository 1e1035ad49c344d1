// Sends HTTP requests to endpoints that strangers chose: any number at a time on one thread, within limits of
// time and size, and only to addresses that may be reached.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::webhook {

struct Request {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // posted
  absl::Duration timeout = absl::Seconds(15);
  bool is_head = false;  // nothing is posted: only whether and how it answers is asked
};

struct Answer {
  int status = 0;  // of HTTP
  std::string body;
  bool is_cut = false;  // it was longer than SenderOptions::max_answer
  // Of the header Retry-After, also where it names a date.
  std::optional<absl::Duration> retry_after;
  std::string location;            // where a redirect leads; it is not followed
  std::optional<absl::Time> date;  // of the header Date: the endpoint's clock
};

struct SenderOptions {
  // Private, loopback and link-local addresses, too. Names are resolved first: what counts is where they
  // lead.
  bool allow_private_addresses = false;
  size_t max_answer = 1 << 20;  // bytes
  absl::Duration connect_timeout = absl::Seconds(10);
};

// Thread safe. Knows neither proxies nor cookies; follows no redirect. HTTP/2 where TLS agrees on it.
class Sender {
 public:
  // UNAVAILABLE with words where there was no answer: ADDRESS_NOT_ALLOWED, NAME_NOT_RESOLVED,
  // CONNECTION_REFUSED, TLS_FAILED, TIMED_OUT or CONNECTION_LOST as the reason of its ErrorInfo; CANCELLED
  // where it was cancelled.
  using Done = std::function<void(absl::StatusOr<Answer>)>;

  explicit Sender(SenderOptions options);
  // Ends what is under way: each is answered CANCELLED.
  ~Sender();

  // `done` is called once, on the sender's thread; it returns at once.
  uint64_t Send(Request request, Done done);
  // `done` is called soon, if it was not yet.
  void Cancel(uint64_t id);

 private:
  struct Transfer;
  struct Multi;

  void Run(StopToken& stop);
  void TakeOrders();
  void Begin(uint64_t id, std::unique_ptr<Transfer> transfer);
  void End(uint64_t id, absl::StatusOr<Answer> answer);
  void CollectFinished();

  const SenderOptions options_;
  std::unique_ptr<Multi> multi_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Transfer>> transfers_;  // of the worker

  Mutex mutex_;
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::pair<uint64_t, std::unique_ptr<Transfer>>> wanted_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint64_t> unwanted_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::webhook
