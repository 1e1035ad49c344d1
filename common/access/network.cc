#include "common/access/network.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace cognate::access {
namespace {

constexpr int kMappedBits = 96;  // Of ::ffff:0:0/96

bool ParseAddress(const std::string& text, std::array<uint8_t, 16>* address, bool* is_v4) {
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    *address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(address->data() + 12, &v4, 4);
    *is_v4 = true;
    return true;
  }
  *is_v4 = false;
  return inet_pton(AF_INET6, text.c_str(), address->data()) == 1;
}

bool SameBits(const std::array<uint8_t, 16>& left, const std::array<uint8_t, 16>& right, int bits) {
  const auto bytes = static_cast<size_t>(bits / 8);
  if (!std::equal(left.begin(), left.begin() + bytes, right.begin())) return false;
  if (bits % 8 == 0) return true;
  return ((left[bytes] ^ right[bytes]) >> (8 - bits % 8)) == 0;
}

}  // namespace

absl::StatusOr<Network> ParseNetwork(absl::string_view text) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  Network network;
  bool is_v4 = false;
  if (!ParseAddress(parts.first, &network.address, &is_v4)) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", text, ", want an address or a network such as 203.0.113.0/24 or 2001:db8::/32"));
  }
  if (text.find('/') == absl::string_view::npos) return network;
  const int most = is_v4 ? 32 : 128;
  int length = 0;
  if (!absl::SimpleAtoi(parts.second, &length) || length < 0 || length > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("got ", text, ", want a prefix length from 0 to ", most, " after the slash"));
  }
  network.prefix_length = is_v4 ? length + kMappedBits : length;
  return network;
}

bool Contains(const Network& network, absl::string_view address) {
  std::array<uint8_t, 16> parsed = {};
  bool is_v4 = false;
  return ParseAddress(std::string(address), &parsed, &is_v4) &&
         SameBits(network.address, parsed, network.prefix_length);
}

}  // namespace cognate::access
