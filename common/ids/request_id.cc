#include "common/ids/request_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace cognate {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;

}  // namespace

bool IsRequestId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("-_.:/").find(c) != absl::string_view::npos;
  });
}

}  // namespace cognate
