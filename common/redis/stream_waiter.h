// Waits for the first entry of one of many streams, without a thread for each connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/redis/client.h"

namespace cognate::redis {

// One connection. NOT thread safe. After an error it connects anew with the next question.
class StreamWaiter {
 public:
  // Connects at once.
  static absl::StatusOr<std::unique_ptr<StreamWaiter>> Connect(const Options& options);
  ~StreamWaiter();
  StreamWaiter(const StreamWaiter&) = delete;
  StreamWaiter& operator=(const StreamWaiter&) = delete;

  // Asks which of these streams have an entry: it is answered as soon as one has, or after `block`. What was
  // added before the question counts. An answer is taken before the next question.
  absl::Status Ask(absl::Span<const std::string> streams, absl::Duration block);
  // Waits for the answer. The streams that have an entry; none where the time was over.
  absl::StatusOr<std::vector<std::string>> Take();

  // Waits until one of these that were asked has an answer, or an error, but not longer; their places.
  static std::vector<size_t> Await(absl::Span<const StreamWaiter* const> waiters, absl::Duration wait);

 private:
  explicit StreamWaiter(std::unique_ptr<Wire> wire);

  std::unique_ptr<Wire> wire_;
  int64_t connections_ = 0;  // of it, when it was last made ready
};

}  // namespace cognate::redis
