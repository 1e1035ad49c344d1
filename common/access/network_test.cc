#include "common/access/network.h"

#include "gtest/gtest.h"

namespace cognate::access {
namespace {

bool IsIn(absl::string_view network, absl::string_view address) {
  const absl::StatusOr<Network> parsed = ParseNetwork(network);
  EXPECT_TRUE(parsed.ok()) << network;
  return parsed.ok() && Contains(*parsed, address);
}

TEST(Network, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(IsIn("203.0.113.0/24", "203.0.113.255"));
  EXPECT_FALSE(IsIn("203.0.113.0/24", "203.0.114.0"));
  EXPECT_TRUE(IsIn("203.0.113.4/30", "203.0.113.7"));
  EXPECT_FALSE(IsIn("203.0.113.4/30", "203.0.113.8"));
  EXPECT_TRUE(IsIn("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(IsIn("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(Network, AnAddressAloneHoldsItself) {
  EXPECT_TRUE(IsIn("203.0.113.7", "203.0.113.7"));
  EXPECT_FALSE(IsIn("203.0.113.7", "203.0.113.6"));
}

TEST(Network, AnIPv4AddressIsFoundAlsoInItsIPv6Form) {
  EXPECT_TRUE(IsIn("203.0.113.0/24", "::ffff:203.0.113.9"));
  EXPECT_FALSE(IsIn("::/96", "203.0.113.9"));
}

TEST(Network, ThePrefixOfLengthZeroHoldsAllOfItsKind) {
  EXPECT_TRUE(IsIn("0.0.0.0/0", "198.51.100.1"));
  EXPECT_FALSE(IsIn("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(IsIn("::/0", "2001:db8::1"));
}

TEST(Network, WhatIsNoAddressIsInNone) {
  EXPECT_FALSE(IsIn("::/0", "local"));
  EXPECT_FALSE(IsIn("::/0", ""));
}

TEST(Network, SaysWhatIsWrong) {
  for (const char* text : {"", "shop", "203.0.113.0/33", "203.0.113.0/", "203.0.113.0/-1", "203.0.113/24",
                           "2001:db8::/129", "203.0.113.0/24/24", "203.0.113.0/2 4"}) {
    EXPECT_FALSE(ParseNetwork(text).ok()) << text;
  }
  EXPECT_EQ(ParseNetwork("203.0.113.0/33").status().message(),
            "got 203.0.113.0/33, want a prefix length from 0 to 32 after the slash");
}

}  // namespace
}  // namespace cognate::access
