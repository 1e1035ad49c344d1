#include "services/file_transfer/upload_quota.h"

#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kCountEvery = absl::Minutes(1);
// Of a platform that is refused.
constexpr absl::Duration kCountAgain = absl::Seconds(2);

}  // namespace

absl::Status UploadQuota::CheckFile(int64_t size_bytes) const {
  return size_bytes <= limits_.file_bytes ? absl::OkStatus() : UploadTooLarge(size_bytes, limits_.file_bytes);
}

absl::Status UploadQuota::Check(const std::string& platform, int64_t bytes) {
  RETURN_IF_ERROR(Refresh(platform, bytes));
  MutexLock lock(&mutex_);
  const Account& account = accounts_[platform];
  if (account.bytes + bytes <= limits_.unbound_bytes) return absl::OkStatus();
  return UploadQuotaExceeded(platform, account.bytes, limits_.unbound_bytes);
}

absl::Status UploadQuota::Take(const std::string& platform, int64_t bytes) {
  RETURN_IF_ERROR(Check(platform, bytes));
  MutexLock lock(&mutex_);
  accounts_[platform].bytes += bytes;
  return absl::OkStatus();
}

absl::Status UploadQuota::Refresh(const std::string& platform, int64_t bytes) {
  {
    MutexLock lock(&mutex_);
    Account& account = accounts_[platform];
    const absl::Duration age = clock_.Now() - account.counted_at;
    const bool fits = account.bytes + bytes <= limits_.unbound_bytes;
    if (age < (fits ? kCountEvery : kCountAgain)) return absl::OkStatus();
    // One counts; the others take the number that is there.
    account.counted_at = clock_.Now();
  }
  ASSIGN_OR_RETURN(const int64_t counted, possession_.UnboundBytes(platform));
  MutexLock lock(&mutex_);
  accounts_[platform].bytes = counted;
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer
