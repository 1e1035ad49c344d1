// One HTTP exchange at a time and thread, over connections that are kept: within limits of time and size,
// without redirects, proxies and cookies.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/s3/signer.h"
#include "common/sync/mutex.h"

namespace cognate::s3 {

// What is sent. It can be read again from its beginning, so that a retry needs no copy of it.
struct Source {
  int64_t size = 0;
  // Bytes from `offset` on into `buffer`: how many, at most `room` and at least 1.
  std::function<absl::StatusOr<size_t>(int64_t offset, char* buffer, size_t room)> read;
};
// `data` outlives it.
Source SourceOf(absl::string_view data);
// `source` from `offset` on; it outlives it.
Source PartOf(const Source& source, int64_t offset, int64_t size);

struct HttpRequest {
  std::string method;
  std::string url;  // encoded
  Pairs headers;
  const Source* body = nullptr;
};

struct HttpAnswer {
  int status = 0;
  std::string body;  // unless a sink has taken it
  std::string etag;
  std::string content_range;
  int64_t content_length = -1;  // -1: it was not said
  std::optional<absl::Duration> retry_after;
  std::optional<absl::Time> date;           // the server's clock
  std::optional<absl::Time> last_modified;  // of the object
};

// Takes the body of an answer that says 200 or 206.
struct Sink {
  // Before the first byte; an error ends the exchange with it.
  std::function<absl::Status(const HttpAnswer& head)> begin;
  // False: it has enough.
  std::function<bool(absl::string_view data)> take;
};

struct TransportOptions {
  absl::Duration connect_timeout = absl::Seconds(10);
  // An exchange that moves less than 1 KiB/s for so long is ended.
  absl::Duration stall_timeout = absl::Seconds(60);
  size_t max_answer = 8 << 20;  // bytes, of what no sink takes
  std::string ca_file;          // empty: the machine's
};

// Thread safe.
class Transport {
 public:
  explicit Transport(TransportOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // UNAVAILABLE S3_UNAVAILABLE where there was no answer or not all of it, FAILED_PRECONDITION S3_TLS_FAILED,
  // CANCELLED after Stop; an error of the source or the sink as it is. Where the sink has had enough, that is
  // an answer.
  absl::StatusOr<HttpAnswer> Perform(const HttpRequest& request, const Sink* sink = nullptr);
  // Ends what is under way, and all that comes.
  void Stop() { is_stopped_ = true; }

 private:
  struct Exchange;

  void* TakeHandle();
  void GiveHandle(void* handle);

  const TransportOptions options_;
  std::atomic<bool> is_stopped_ = false;
  Mutex mutex_;
  std::vector<void*> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::s3
