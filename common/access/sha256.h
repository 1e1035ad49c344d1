#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::access {

inline constexpr size_t kSha256Bytes = 32;

std::string Sha256(absl::string_view bytes);

}  // namespace cognate::access
