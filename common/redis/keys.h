// Keys by their names' beginning.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/redis/client.h"

namespace cognate::redis {

// Removes every key whose name begins so, and gives how many. In batches: nobody waits for long meanwhile. A
// key that is made while this goes on may stay.
absl::StatusOr<int64_t> DeleteAllBelow(const Options& options, absl::string_view beginning);

}  // namespace cognate::redis
