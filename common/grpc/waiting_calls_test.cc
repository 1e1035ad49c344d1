#include "common/grpc/waiting_calls.h"

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate::grpc_support {
namespace {

using test_support::Eventually;

TEST(WaitingCallsTest, LooksAtOnceAndUntilTheLastLook) {
  WaitingCalls calls("test", 1);
  std::atomic<int> looks = 0;
  calls.Add("a", [&] { return ++looks == 3; });
  EXPECT_TRUE(Eventually([&] { return looks == 3; }));
  calls.Wake("a");
  EXPECT_TRUE(test_support::Stays([&] { return looks == 3; }, absl::Milliseconds(400)));
}

TEST(WaitingCallsTest, AWakeDuringALookIsNotLost) {
  WaitingCalls calls("test", 2);
  std::atomic<bool> is_there = false;
  std::atomic<int> looks = 0;
  calls.Add("a", [&] {
    // What comes between a look's question and its end.
    const bool found = is_there;
    if (++looks == 1) {
      is_there = true;
      calls.Wake("a");
    }
    return found;
  });
  EXPECT_TRUE(Eventually([&] { return looks == 2; }));
}

TEST(WaitingCallsTest, ManyWaitAndAWakeReachesThoseOfItsKeyAlone) {
  constexpr int kCalls = 1000;
  WaitingCalls calls("test", 2);
  std::vector<std::unique_ptr<std::atomic<int>>> looks;
  std::atomic<bool> is_over = false;
  std::atomic<int> ended = 0;
  for (int i = 0; i < kCalls; ++i) {
    looks.push_back(std::make_unique<std::atomic<int>>(0));
    calls.Add(absl::StrCat("key-", i % 10), [&, mine = looks.back().get()] {
      ++*mine;
      if (is_over) ++ended;
      return is_over.load();
    });
  }
  EXPECT_EQ(calls.count(), kCalls);
  EXPECT_TRUE(Eventually([&] {
    for (const auto& count : looks)
      if (*count == 0) return false;
    return true;
  }));
  is_over = true;
  calls.Wake("key-3");
  EXPECT_TRUE(Eventually([&] { return ended >= kCalls / 10; }));
  EXPECT_TRUE(Eventually([&] { return calls.count() == 0; })) << "the others look again soon";
  EXPECT_EQ(ended, kCalls);
}

}  // namespace
}  // namespace cognate::grpc_support
