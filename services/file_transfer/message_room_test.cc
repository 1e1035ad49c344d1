#include "services/file_transfer/message_room.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate::file_transfer {
namespace {

constexpr int64_t kMiB = 1 << 20;

class MessageRoomTest : public ::testing::Test {
 protected:
  // One that has just read as much.
  std::unique_ptr<MessageRoom::Reader> Holder(int64_t bytes) {
    auto reader = std::make_unique<MessageRoom::Reader>(room_);
    reader->Begin();
    reader->End(bytes);
    return reader;
  }

  MessageRoom room_{Clock::Real(), 4 * kMiB};
};

TEST_F(MessageRoomTest, WhoeverFindsNoneWaitsUntilAMessageIsPassedOn) {
  std::vector<std::unique_ptr<MessageRoom::Reader>> holders;
  for (int i = 0; i < 4; ++i) holders.push_back(Holder(kMiB));
  MessageRoom::Reader next(room_);
  std::atomic<bool> has_begun = false;
  std::thread waiting([&] {
    next.Begin();
    has_begun = true;
  });
  EXPECT_FALSE(has_begun);
  holders.pop_back();
  EXPECT_TRUE(test_support::Eventually([&] { return has_begun.load(); }));
  waiting.join();
}

TEST_F(MessageRoomTest, AClientThatSaysNothingIsNotWaitedFor) {
  std::vector<std::unique_ptr<MessageRoom::Reader>> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(std::make_unique<MessageRoom::Reader>(room_));
    silent.back()->Begin();
  }
  // And when it speaks again its message is there all the same.
  for (const auto& reader : silent) reader->End(kMiB);
  silent.clear();
  Holder(kMiB)->Begin();
}

TEST_F(MessageRoomTest, OneThatIsLargerThanAllIsTakenAlone) {
  const auto holder = Holder(16 * kMiB);
  holder->Begin();
  holder->End(16 * kMiB);
  holder->Begin();
}

TEST_F(MessageRoomTest, ManyReadersComeToTheirEnds) {
  std::vector<std::thread> readers;
  std::atomic<int> read = 0;
  for (int i = 0; i < 32; ++i) {
    readers.emplace_back([&] {
      MessageRoom::Reader reader(room_);
      for (int message = 0; message < 100; ++message) {
        reader.Begin();
        reader.End(kMiB);
        ++read;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(read, 3'200);
}

}  // namespace
}  // namespace cognate::file_transfer
