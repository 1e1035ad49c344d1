// How much a platform may send before records lead to it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

// Of platforms' keys alone: operators are not bound by it. What other processes of the service take is known
// here within a minute. Thread safe.
class UploadQuota {
 public:
  struct Limits {
    int64_t file_bytes = 0;
    int64_t unbound_bytes = 0;
  };
  UploadQuota(Possession& possession, const Clock& clock, Limits limits)
      : possession_(possession), clock_(clock), limits_(limits) {}

  // One content of the platform has, or is to have, so many bytes. RESOURCE_EXHAUSTED UPLOAD_TOO_LARGE.
  absl::Status CheckFile(int64_t size_bytes) const;
  // So many more are to come. RESOURCE_EXHAUSTED UPLOAD_QUOTA_EXCEEDED where they and all that nothing leads
  // to are more than there may be.
  absl::Status Check(const std::string& platform, int64_t bytes);
  // The same of bytes that have come.
  absl::Status Take(const std::string& platform, int64_t bytes);

 private:
  struct Account {
    int64_t bytes = 0;  // As counted, and what was taken since.
    absl::Time counted_at = absl::InfinitePast();
  };
  // Counts anew where that was long ago, or where it matters and was not this moment.
  absl::Status Refresh(const std::string& platform, int64_t bytes);

  Possession& possession_;
  const Clock& clock_;
  const Limits limits_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer
