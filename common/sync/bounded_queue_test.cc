#include "common/sync/bounded_queue.h"

#include <atomic>
#include <memory>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BoundedQueueTest, GivesItemsInOrderAndInBatches) {
  BoundedQueue<int> queue(10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(queue.Push(i));
  EXPECT_THAT(queue.PopBatch(2), ElementsAre(0, 1));
  EXPECT_THAT(queue.PopBatch(10), ElementsAre(2, 3, 4));
  EXPECT_THAT(queue.PopBatch(1, absl::Milliseconds(1)), IsEmpty());
}

TEST(BoundedQueueTest, AFullQueueMakesTheProducerWait) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.Push(1));
  std::atomic<bool> pushed = false;
  std::thread producer([&] { pushed = queue.Push(2); });
  EXPECT_THAT(queue.PopBatch(1), ElementsAre(1));
  EXPECT_THAT(queue.PopBatch(1), ElementsAre(2));
  producer.join();
  EXPECT_TRUE(pushed);
}

TEST(BoundedQueueTest, CloseLetsTheRestOutAndWakesEverybody) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.Push(std::make_unique<int>(1)));
  std::atomic<bool> refused = false;
  std::thread producer([&] { refused = !queue.Push(std::make_unique<int>(2)); });
  queue.Close();
  producer.join();
  EXPECT_TRUE(refused);
  EXPECT_EQ(queue.PopBatch(10).size(), 1U);
  EXPECT_THAT(queue.PopBatch(10), IsEmpty());
}

TEST(BoundedQueueTest, LosesNothingBetweenManyThreads) {
  BoundedQueue<int> queue(16);
  constexpr int kEach = 2000;
  std::atomic<long> sum = 0;
  std::vector<std::thread> threads;
  for (int p = 0; p < 2; ++p) {
    threads.emplace_back([&] {
      for (int i = 1; i <= kEach; ++i) queue.Push(i);
    });
  }
  std::vector<std::thread> consumers;
  for (int c = 0; c < 2; ++c) {
    consumers.emplace_back([&] {
      for (auto batch = queue.PopBatch(7); !batch.empty(); batch = queue.PopBatch(7)) {
        for (const int item : batch) sum += item;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  queue.Close();
  for (auto& thread : consumers) thread.join();
  EXPECT_EQ(sum, 2L * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace cognate
