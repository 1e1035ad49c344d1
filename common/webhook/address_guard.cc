#include "common/webhook/address_guard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace cognate::webhook {
namespace {

struct Range4 {
  uint32_t first;
  int bits;
};

constexpr uint32_t At(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr Range4 kNotPublic4[] = {
    {At(0, 0, 0, 0), 8},      {At(10, 0, 0, 0), 8},     {At(100, 64, 0, 0), 10}, {At(127, 0, 0, 0), 8},
    {At(169, 254, 0, 0), 16}, {At(172, 16, 0, 0), 12},  {At(192, 0, 0, 0), 24},  {At(192, 0, 2, 0), 24},
    {At(192, 88, 99, 0), 24}, {At(192, 168, 0, 0), 16}, {At(198, 18, 0, 0), 15}, {At(198, 51, 100, 0), 24},
    {At(203, 0, 113, 0), 24}, {At(224, 0, 0, 0), 4},    {At(240, 0, 0, 0), 4},
};

bool IsPublic4(uint32_t address) {
  return std::none_of(std::begin(kNotPublic4), std::end(kNotPublic4),
                      [&](const Range4& range) { return (address ^ range.first) >> (32 - range.bits) == 0; });
}

using Bytes6 = std::array<uint8_t, 16>;

uint32_t Word(const Bytes6& bytes, size_t at) {
  return At(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool IsPublic6(const Bytes6& bytes) {
  const bool leads_with_zeros =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](uint8_t b) { return b == 0; });
  // IPv4-mapped, ::ffff:a.b.c.d.
  if (leads_with_zeros && bytes[10] == 0xff && bytes[11] == 0xff) return IsPublic4(Word(bytes, 12));
  // NAT64, 64:ff9b::a.b.c.d.
  if (Word(bytes, 0) == 0x0064ff9b && Word(bytes, 4) == 0 && Word(bytes, 8) == 0)
    return IsPublic4(Word(bytes, 12));
  // 6to4, 2002:a.b.c.d::.
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return IsPublic4(At(bytes[2], bytes[3], bytes[4], bytes[5]));
  // Of the rest only 2000::/3 is given out, less Teredo and what else stands in 2001::/23, and documentation.
  if (bytes[0] >> 5 != 1) return false;
  const bool is_protocol = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02;
  const bool is_documentation = Word(bytes, 0) == 0x20010db8 || (Word(bytes, 0) >> 12) == 0x3fff0;
  return !is_protocol && !is_documentation;
}

}  // namespace

bool IsPublicAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof(in));
    return IsPublic4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &address, sizeof(in6));
    Bytes6 bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return IsPublic6(bytes);
  }
  return false;
}

}  // namespace cognate::webhook
