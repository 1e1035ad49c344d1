// What uploads may take: room, memory, calls, and time.
#include <thread>

#include <sys/resource.h>

#include "absl/strings/escaping.h"
#include "services/file_transfer/stream_calls.h"
#include "services/file_transfer/testing/keys_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::IsEmpty;

class UploadLimitsTest : public KeysTest {
 protected:
  void LimitTo(int64_t file_bytes, int64_t unbound_bytes) {
    Stop();
    config_.file_max_bytes = file_bytes;
    config_.file_unbound_bytes = unbound_bytes;
    Start();
  }
};

TEST_F(UploadLimitsTest, APlatformSendsOnlySoMuchThatNoRecordLeadsTo) {
  LimitTo(2'000'000, 3'000'000);
  EXPECT_THAT(PutAs(shop_, "shop", RandomContent(2'100'000, 1)), HasReason("UPLOAD_TOO_LARGE"));
  const std::string first = RandomContent(1'800'000, 2), second = RandomContent(1'700'000, 3);
  ASSERT_OK(PutAs(shop_, "shop", first));
  EXPECT_THAT(PutAs(shop_, "shop", second), HasReason("UPLOAD_QUOTA_EXCEEDED"));
  EXPECT_OK(PutAs(blog_, "blog", second));
  // Once a record leads to it there is room again.
  Execute(absl::StrCat("INSERT INTO bindings VALUES ('shop', gen_random_uuid(), 'm', 'f', 0, '\\x",
                       absl::BytesToHexString(files::Sha256(first)), "', 'a', now())"));
  forward_.Advance(5);
  EXPECT_OK(PutAs(shop_, "shop", second));
  // Operators are trusted.
  EXPECT_OK(Put(RandomContent(4'000'000, 4)));
}

TEST_F(UploadLimitsTest, SilentCallsOfOnePlatformAreNotAllThatThereIs) {
  std::vector<std::unique_ptr<WriteStream>> silent;
  for (int i = 0; i < StreamCalls::kOfPlatform; ++i) {
    silent.push_back(std::make_unique<WriteStream>(stub(), shop_));
    const std::string upload = NewUpload();
    v1::WriteRequest message = First(upload);
    message.set_data("x");
    ASSERT_TRUE(silent.back()->Send(message));
    ASSERT_TRUE(Eventually([&] { return Status(upload).ok(); })) << "upload " << i;
  }
  const std::string content = RandomContent(100'000, 5);
  EXPECT_THAT(PutAs(shop_, "shop", content), HasReason("TOO_MANY_UPLOADS"));
  EXPECT_OK(PutAs(blog_, "blog", content));
  // A minute later their room is whoever's who wants it.
  forward_.Advance(70);
  EXPECT_TRUE(Eventually([&] { return PutAs(shop_, "shop", content).ok(); }));
  for (const auto& stream : silent) stream->Cut();
}

TEST_F(UploadLimitsTest, AnUploadThatIsSlowDoesNotExpireWhileItGoesOn) {
  const std::string upload = NewUpload();
  WriteStream stream(stub(), shop_);
  v1::WriteRequest message = First(upload);
  message.mutable_lifetime()->set_seconds(60);
  for (int i = 0; i < 8; ++i) {
    message.set_data(RandomContent(1'000, static_cast<uint64_t>(i)));
    ASSERT_TRUE(stream.Send(message));
    ASSERT_TRUE(Eventually([&] {
      const auto status = Status(upload);
      return status.ok() && (i == 0 || status->committed_bytes() >= 1'000 * i);
    })) << "after "
        << i * 15 << " seconds";
    forward_.Advance(15);
    message.Clear();
  }
  ASSERT_OK(stream.End());
  EXPECT_EQ(Status(upload)->committed_bytes(), 8'000);
}

TEST_F(UploadLimitsTest, ABatchThatFailsLeavesNothingBehind) {
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THAT(PutBatch({RandomContent(300'000, 6), RandomContent(400'000, 7), RandomContent(2'000'000, 8)}),
              HasReason("STORE_FULL"));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(FilesIn("blobs"), IsEmpty());
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
}

}  // namespace
}  // namespace cognate::file_transfer
