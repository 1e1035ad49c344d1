// What a download answers where there is nothing to give.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/outcome.pb.h"

namespace cognate::gateway {

absl::Status RangeBehindEnd(int64_t size_bytes);
// Of a lasting link whose source does not answer. `why`: the reason why there will be no copy, if that is so.
absl::Status NoCopy(const v1::OutcomeError& why);
absl::Status ContentDamaged(absl::string_view sha256);
absl::Status ContentTooShort();
// More than the client had time for.
absl::Status ReaderTooSlow();

}  // namespace cognate::gateway
