#include "services/gateway/files/download_errors.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr absl::Duration kComeAgain = absl::Seconds(30);

}  // namespace

absl::Status RangeBehindEnd(int64_t size_bytes) {
  return Error(absl::StatusCode::kOutOfRange, "RANGE_BEHIND_END",
               absl::StrCat("range: the content has ", size_bytes, " bytes, and nothing of the range"))
      .With("size_bytes", absl::StrCat(size_bytes));
}

absl::Status NoCopy(const v1::OutcomeError& why) {
  // Whoever has the address need not know more of the sync than that.
  if (!why.reason().empty()) {
    return Error(
        absl::StatusCode::kNotFound, "LINK_HAS_NO_COPY",
        absl::StrCat("the source does not answer, and its file is not stored here (", why.reason(), ")"));
  }
  return Error(absl::StatusCode::kUnavailable, "LINK_NOT_STORED_YET",
               "the source does not answer, and its file is not stored here yet: come again in a moment")
      .RetryAfter(kComeAgain);
}

absl::Status ContentDamaged(absl::string_view sha256) {
  return Error(absl::StatusCode::kDataLoss, "FILE_DAMAGED",
               "what is stored is no longer what it was; a scrub repairs it")
      .With("sha256", absl::BytesToHexString(sha256));
}

absl::Status ContentTooShort() { return absl::DataLossError("the content is shorter than it should be"); }

absl::Status ReaderTooSlow() {
  return absl::DeadlineExceededError("the client takes the content too slowly");
}

}  // namespace cognate::gateway
