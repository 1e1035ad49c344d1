// The service with its contents in S3, through the front door.
#include "absl/strings/str_format.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "tests/support/fake_s3.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::FakeS3;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FilesInS3Test : public FilesTest {
 protected:
  FilesInS3Test() {
    Stop();
    config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    config_.file_store = absl::StrCat("s3://", FakeS3::kBucket, "/main");
    config_.s3.endpoint = s3_.endpoint();
    config_.s3.path_style = true;
    config_.s3.access_key = FakeS3::Key().access_key;
    config_.s3.secret_key = FakeS3::Key().secret_key;
    config_.s3.staging = directory_.File("staging");
    EXPECT_OK(Migrate(config_));
    Start();
  }

  // Before the server that it speaks to.
  ~FilesInS3Test() override { Stop(); }

  std::vector<std::string> Objects(const std::string& folder) const {
    std::vector<std::string> keys;
    for (const auto& [key, content] : s3_.objects()) {
      if (key.starts_with("main/" + folder + "/")) keys.push_back(key);
    }
    return keys;
  }
  // As if nobody had asked for anything for long.
  void Collect() {
    Execute(
        "UPDATE files SET asked_at = asked_at - interval '3 days', created_at = created_at - interval '3 "
        "days'");
    EXPECT_OK(Call(&Stub::Collect, v1::CollectRequest()));
  }

  FakeS3 s3_;
};

TEST_F(FilesInS3Test, StoresContentsOfAnySizeOnceAndGivesThemBackAlsoAfterARestart) {
  std::vector<std::string> contents;
  for (const int64_t size : {0, 1, 4'000, 65'536, 65'537, 5'000'000, 20'000'001})
    contents.push_back(RandomContent(size, 7));
  for (int round = 0; round < 2; ++round) {
    for (const std::string& content : contents) {
      ASSERT_OK(Put(content));
      EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content)) << content.size();
    }
    Stop();
    Start();
  }
  EXPECT_THAT(Objects("blobs"), SizeIs(3));
  EXPECT_THAT(Objects("packs"), SizeIs(4));
  EXPECT_THAT(Get(files::Sha256(contents[6]), 19'999'990, 5),
              IsOkAndHolds(contents[6].substr(19'999'990, 5)));
}

TEST_F(FilesInS3Test, AnUploadGoesOnWhereItStoppedAlsoAfterARestart) {
  const std::string content = RandomContent(12'000'000, 4);
  const std::string upload = NewUpload();
  WriteStream stream(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(content.substr(0, 3'000'000));
  ASSERT_TRUE(stream.Send(message));
  stream.Cut();
  ASSERT_TRUE(Eventually([&] {
    const auto status = Status(upload);
    return status.ok() && status->committed_bytes() == 3'000'000;
  }));
  Stop();
  Start();
  ASSERT_OK(Put(content, upload, 3'000'000));
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
}

TEST_F(FilesInS3Test, ABatchOfSmallFilesIsOneObject) {
  std::vector<std::string> contents;
  for (int i = 0; i < 200; ++i) contents.push_back(RandomContent(5'000 + i, static_cast<uint64_t>(i)));
  ASSERT_OK(PutBatch(contents));
  EXPECT_THAT(Objects("packs"), SizeIs(1));
  v1::BatchReadRequest request;
  for (const std::string& content : contents) request.add_sha256s(files::Sha256(content));
  const size_t before = s3_.requests().size();
  ASSERT_OK_AND_ASSIGN(const v1::BatchReadResponse response, Call(&Stub::BatchRead, request));
  ASSERT_THAT(response.files(), SizeIs(200));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(response.files(i).data(), contents[static_cast<size_t>(i)]);
  EXPECT_LT(s3_.requests().size() - before, 10u);
}

TEST_F(FilesInS3Test, WhatNothingRefersToIsCollected) {
  ASSERT_OK(Put(RandomContent(200'000, 1)));
  EXPECT_THAT(Objects("blobs"), SizeIs(1));
  Collect();
  EXPECT_THAT(Objects("blobs"), IsEmpty());
  EXPECT_EQ(List()->total_count(), 0);
}

TEST_F(FilesInS3Test, AnObjectThatIsGoneIsDamagedUntilItIsPutAgain) {
  const std::string content = RandomContent(200'000, 1);
  ASSERT_OK(Put(content));
  s3_.RemoveObject(Objects("blobs").front());
  EXPECT_THAT(Get(files::Sha256(content)), HasReason("FILE_DAMAGED"));
  EXPECT_FALSE(Has(content));
  ASSERT_OK(Put(content));
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
}

TEST_F(FilesInS3Test, WhileS3DoesNotAnswerNothingIsStoredAndNothingIsLost) {
  const std::string stored = RandomContent(200'000, 1);
  const std::string content = RandomContent(300'000, 2);
  ASSERT_OK(Put(stored));
  const std::string upload = NewUpload();
  s3_.Fail({.status = 500, .body = ""}, 10'000);
  EXPECT_THAT(Put(content, upload), HasReason("STORE_UNAVAILABLE"));
  EXPECT_FALSE(Has(content));
  s3_.Recover();
  ASSERT_OK_AND_ASSIGN(const v1::QueryWriteStatusResponse status, Status(upload));
  EXPECT_OK(Put(content, upload, status.committed_bytes()));
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  EXPECT_THAT(Get(files::Sha256(stored)), IsOkAndHolds(stored));
}

TEST_F(FilesInS3Test, StoppingDoesNotWaitForACollection) {
  constexpr int kPacks = 10'000;
  for (int i = 1; i <= kPacks; ++i)
    s3_.SetObject(absl::StrFormat("main/packs/%016x", i), "x", absl::Now() - absl::Hours(3));
  Stop();
  Execute(
      "INSERT INTO chores (name, due_at) VALUES ('collect', now() - interval '1 minute') ON CONFLICT (name) "
      "DO "
      "UPDATE SET due_at = excluded.due_at");
  s3_.SetPageSize(1);
  const size_t before = s3_.requests().size();
  Start();
  ASSERT_TRUE(Eventually([&] { return s3_.requests().size() > before + 20; }));
  Stop();
  EXPECT_LT(s3_.requests().size() - before, static_cast<size_t>(kPacks));
}

}  // namespace
}  // namespace cognate::file_transfer
