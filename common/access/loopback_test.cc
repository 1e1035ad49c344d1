#include "common/access/loopback.h"

#include <gtest/gtest.h>

namespace cognate::access {
namespace {

TEST(LoopbackTest, KnowsWhatStaysOnThisMachine) {
  for (const char* address : {"127.0.0.1:7400", "127.1.2.3:0", "[::1]:7400", "localhost:7400",
                              "dns:///localhost:7400", "ipv4:127.0.0.1:1,127.0.0.1:2"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0:7400", "[::]:7400", "*:7400", "10.0.0.1:7400", "registry:7401", "dns:///registry:7401",
        "ipv4:127.0.0.1:1,10.0.0.1:2", "unix:/run/cognate.sock", "localhost.example.org:7400", ""}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

}  // namespace
}  // namespace cognate::access
