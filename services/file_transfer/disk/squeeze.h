// zstd for small contents, where it pays.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

// True, and `*squeezed` has it, where that is at least a tenth smaller.
bool Squeeze(absl::string_view content, std::string* squeezed);

// DATA_LOSS where `squeezed` is not what Squeeze made of `size_bytes` bytes.
absl::StatusOr<std::string> Unsqueeze(absl::string_view squeezed, int64_t size_bytes);

}  // namespace cognate::file_transfer
