// Objects in one bucket of an S3 server: Amazon's, MinIO, or another that speaks as they do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/retry/backoff.h"
#include "common/s3/answers.h"
#include "common/s3/location.h"
#include "common/s3/signer.h"
#include "common/s3/transport.h"
#include "common/worker/stop_token.h"

namespace cognate::s3 {

inline constexpr int64_t kMinPart = 8 << 20;
inline constexpr int64_t kMaxPart = 64 << 20;
inline constexpr int64_t kMaxParts = 10'000;

struct Options {
  EndpointOptions endpoint;
  std::string bucket;
  Credentials credentials;
  TransportOptions transport = {};
  // What is sent over TLS is hashed before it is sent, so that the server finds what was changed on the way;
  // false spares the reading of it twice.
  bool signs_payload = true;
  int max_attempts = 6;
  BackoffPolicy backoff = {absl::Milliseconds(200), 2.0, absl::Seconds(20)};
};

// Every call tries again what may go well later: no connection, a cut one, SlowDown, 5xx. What it answers
// then is UNAVAILABLE S3_UNAVAILABLE; other errors (errors.h) come at once. Thread safe; calls block.
class Client {
 public:
  // INVALID_ARGUMENT says which option is wrong. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<Client>> Create(const Options& options, const Clock& clock);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Replaces what is there, all at once: a reader sees the old one or the new one. At most 5 GiB.
  // `sha256_hex`, where it is known, spares the reading of `source` twice.
  absl::Status Put(absl::string_view key, const Source& source, absl::string_view sha256_hex = "");

  // The same in parts, for any size: each is tried again alone. What it leaves after an error is aborted, or,
  // where that fails too, by AbortUploads.
  absl::Status PutInParts(absl::string_view key, const Source& source, int64_t part_bytes = kMinPart);

  // Gives the object from `offset` on, `limit` bytes (-1: to the end), until `take` says no. Goes on where a
  // connection was cut, and only with the same object. NOT_FOUND S3_OBJECT_NOT_FOUND; OUT_OF_RANGE
  // S3_RANGE_BEHIND_END where nothing is at `offset`.
  absl::Status Get(absl::string_view key, int64_t offset, int64_t limit,
                   absl::FunctionRef<bool(absl::string_view)> take);

  struct Head {
    int64_t size = 0;
    std::string etag;
    absl::Time last_modified;
  };
  // NOT_FOUND also where there is no such bucket: S3 does not say which.
  absl::StatusOr<Head> GetHead(absl::string_view key);

  // Also where there is none.
  absl::Status Delete(absl::string_view key);

  // At most 1,000 keys that begin with `prefix`, in their order. `token`: of the page before.
  absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view token = "");

  // Of all pages, until `visit` gives an error.
  absl::Status ForEach(absl::string_view prefix, absl::FunctionRef<absl::Status(const Object&)> visit);

  // Multipart uploads of keys that begin with `prefix`.
  absl::StatusOr<PendingUploadPage> ListUploads(absl::string_view prefix,
                                                const PendingUploadPage* after = nullptr);
  // Aborts those that were begun before `before`, and says how many.
  absl::StatusOr<int> AbortUploads(absl::string_view prefix, absl::Time before);

  // The steps of PutInParts.
  absl::StatusOr<std::string> BeginUpload(absl::string_view key);
  // `number` from 1 on; answers the part's tag.
  absl::StatusOr<std::string> PutPart(absl::string_view key, absl::string_view upload, int number,
                                      const Source& source);
  // `size`: of all parts. An upload whose answer was lost counts as complete.
  absl::Status CompleteUpload(absl::string_view key, absl::string_view upload,
                              const std::vector<std::string>& etags, int64_t size);
  // Also where there is none.
  absl::Status AbortUpload(absl::string_view key, absl::string_view upload);

  // Where Get would read, for who has no key: until `lifetime` has passed.
  std::string PresignedGet(absl::string_view key, absl::Duration lifetime) const;

  // Ends calls and waits: they answer CANCELLED.
  void Stop();

 private:
  struct Call {
    std::string method;
    std::string key;  // empty: the bucket
    Pairs query = {};
    Pairs headers = {};
    const Source* body = nullptr;
    std::string payload_hash = {};  // empty: of no body
    const Sink* sink = nullptr;
  };

  Client(const Options& options, Bucket bucket, const Clock& clock);
  // Once.
  absl::StatusOr<HttpAnswer> Try(const Call& call);
  // Until it went well, or is not to be tried again.
  absl::StatusOr<HttpAnswer> Perform(const Call& call);
  absl::Status WaitAfter(const absl::Status& failure, Backoff& backoff);
  absl::StatusOr<std::string> PayloadHash(const Source* body);
  absl::Status PutParts(absl::string_view key, absl::string_view upload, const Source& source,
                        int64_t part_bytes);

  const Options options_;
  const Bucket bucket_;
  const Clock& clock_;
  Transport transport_;
  StopToken stop_;
};

}  // namespace cognate::s3
