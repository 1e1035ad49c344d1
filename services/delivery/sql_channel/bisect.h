// Finds the few bad ones in a batch that fails as a whole.
#pragma once

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace cognate::delivery {

struct BisectSteps {
  // Tries the items [begin, end) together; all of them count as done when it answers OK.
  absl::FunctionRef<absl::Status(size_t begin, size_t end)> attempt;
  // Whether to give up on all at once, with the error as the answer.
  absl::FunctionRef<bool(const absl::Status&)> hopeless;
  // The items [begin, end) failed with this error and are not tried again: one item, or several that fail
  // alike.
  absl::FunctionRef<void(size_t begin, size_t end, const absl::Status&)> failed;
  // Where to split [begin, end), strictly inside; `end` where all of it fails alike.
  absl::FunctionRef<size_t(size_t begin, size_t end, const absl::Status&)> split;
};

// Attempts all, and after an error the parts, in order, down to single items: about 2·log2(n) attempts for
// each bad item. OK when every item is done or has failed; else the hopeless error, with the items before it
// done.
absl::Status Bisect(size_t begin, size_t end, const BisectSteps& steps);

}  // namespace cognate::delivery
