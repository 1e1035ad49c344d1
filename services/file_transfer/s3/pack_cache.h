#pragma once

#include <cstdint>
#include <list>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/s3/client.h"
#include "common/sync/mutex.h"

namespace cognate::file_transfer {

// Reads pieces of packs. Who reads one piece of a pack soon reads its neighbours, too: from the second piece
// on more of it is read at once, and kept for a moment. Thread safe.
class PackCache {
 public:
  // Both outlive it.
  PackCache(s3::Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  // `size` bytes at `offset` of the object; fewer where it ends. DATA_LOSS where it is gone.
  absl::StatusOr<std::string> Read(const std::string& key, int64_t offset, int64_t size);
  void Forget(const std::string& key);

 private:
  struct Span {
    std::string key;
    int64_t offset;
    std::string bytes;
    absl::Time read_at;
  };
  // Sets `*knows_pack` where some span of it is there.
  bool Find(const std::string& key, int64_t offset, int64_t size, std::string* found, bool* knows_pack);

  s3::Client& client_;
  const Clock& clock_;
  Mutex mutex_;
  std::list<Span> spans_ ABSL_GUARDED_BY(mutex_);  // newest first
};

}  // namespace cognate::file_transfer
