// Against MinIO, a real S3 server.
#include <iostream>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/s3/client.h"
#include "common/s3/encoding.h"
#include "common/worker/stop_token.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/minio_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::s3 {
namespace {

using test_support::FaultProxy;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::MinioServer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kLarge = 40 << 20;

std::string Noise(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class MinioTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (MinioServer::IsInstalled()) server_ = test_support::ValueOrDie(MinioServer::Start());
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << MinioServer::kBinary << " is not there: `make tools` installs it";
    client_ = Make(MakeOptions());
  }

  static Options MakeOptions(int port = 0) {
    Options options;
    options.endpoint = {port == 0 ? server_->endpoint() : absl::StrCat("http://127.0.0.1:", port),
                        "us-east-1", true};
    options.bucket = MinioServer::kBucket;
    options.credentials = MinioServer::Key();
    options.backoff = {absl::Milliseconds(10), 2.0, absl::Seconds(1)};
    return options;
  }
  static std::unique_ptr<Client> Make(const Options& options) {
    return test_support::ValueOrDie(Client::Create(options, Clock::Real()));
  }
  static absl::StatusOr<std::string> Read(Client& client, absl::string_view key, int64_t offset = 0,
                                          int64_t limit = -1) {
    std::string content;
    const absl::Status status = client.Get(key, offset, limit, [&](absl::string_view data) {
      content.append(data.data(), data.size());
      return true;
    });
    if (!status.ok()) return status;
    return content;
  }
  static std::vector<std::string> Keys(Client& client, absl::string_view prefix) {
    std::vector<std::string> keys;
    EXPECT_OK(client.ForEach(prefix, [&](const Object& object) {
      keys.push_back(object.key);
      return absl::OkStatus();
    }));
    return keys;
  }

  static std::unique_ptr<MinioServer> server_;
  std::unique_ptr<Client> client_;
};
std::unique_ptr<MinioServer> MinioTest::server_;

TEST_F(MinioTest, WhatIsPutIsThereWholeAndInRanges) {
  const std::string content = Noise(300'000);
  ASSERT_OK(client_->Put("put/a", SourceOf(content)));
  EXPECT_THAT(Read(*client_, "put/a"), IsOkAndHolds(content));
  EXPECT_THAT(Read(*client_, "put/a", 299'990), IsOkAndHolds(content.substr(299'990)));
  EXPECT_THAT(Read(*client_, "put/a", 0, 5), IsOkAndHolds(content.substr(0, 5)));
  EXPECT_THAT(Read(*client_, "put/a", 299'990, 70'000), IsOkAndHolds(content.substr(299'990)));
  EXPECT_THAT(Read(*client_, "put/a", 300'000), HasReason("S3_RANGE_BEHIND_END"));
  ASSERT_OK_AND_ASSIGN(const Client::Head head, client_->GetHead("put/a"));
  EXPECT_EQ(head.size, 300'000);
  EXPECT_OK(client_->Delete("put/a"));
  EXPECT_OK(client_->Delete("put/a"));
  EXPECT_THAT(client_->GetHead("put/a"), HasReason("S3_OBJECT_NOT_FOUND"));
  EXPECT_THAT(Read(*client_, "put/a"), HasReason("S3_OBJECT_NOT_FOUND"));
}

TEST_F(MinioTest, AnEmptyObjectIsAnObject) {
  ASSERT_OK(client_->Put("empty", SourceOf("")));
  EXPECT_THAT(Read(*client_, "empty"), IsOkAndHolds(std::string()));
}

TEST_F(MinioTest, KeysOfEveryScriptAndSignComeBackAsTheyWere) {
  const std::vector<std::string> names = {
      "a b", "a+b",  "a=b", "a*b",   "a%2Fb", "~'()!&?#;:@,$", "é/ß",  "файл", "日本語/ファイル",
      "ملف", "קובץ", "ไฟล์", "हिन्दी", "🦊",  "\"<>|",         "a/.b", "..a"};
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    keys.push_back(absl::StrCat("scripts/", name));
    ASSERT_OK(client_->Put(keys.back(), SourceOf(name))) << name;
    EXPECT_THAT(Read(*client_, keys.back()), IsOkAndHolds(name));
  }
  EXPECT_THAT(Keys(*client_, "scripts/"), ::testing::UnorderedElementsAreArray(keys));
}

TEST_F(MinioTest, FortyMegabytesGoInParts) {
  const std::string content = Noise(kLarge);
  ASSERT_OK(client_->PutInParts("large", SourceOf(content)));
  ASSERT_OK_AND_ASSIGN(const Client::Head head, client_->GetHead("large"));
  EXPECT_EQ(head.size, kLarge);
  EXPECT_THAT(head.etag, HasSubstr("-5"));
  EXPECT_TRUE(*Read(*client_, "large") == content);
  EXPECT_TRUE(*Read(*client_, "large", (8 << 20) - 3, 1'000) == content.substr((8 << 20) - 3, 1'000));
}

TEST_F(MinioTest, ACutConnectionInTheMiddleOfAPartIsTriedAgain) {
  FaultProxy proxy;
  const int port = proxy.AddLink(absl::StrCat("127.0.0.1:", server_->port()));
  const std::unique_ptr<Client> client = Make(MakeOptions(port));
  const std::string content = Noise(kLarge);
  Source source = SourceOf(content);
  int64_t last = -1;
  int cuts = 0;
  // Each part is read once to be hashed and then to be sent: in the middle of that the connection is cut.
  source.read = [&, read = source.read](int64_t offset, char* buffer, size_t room) {
    const bool is_sent_again = offset < last;
    last = offset;
    if (is_sent_again) ++cuts;
    if (cuts > 0 && cuts <= 4 && offset % (8 << 20) > 4 << 20) {
      proxy.Cut(port);
      ++cuts;
    }
    return read(offset, buffer, room);
  };
  ASSERT_OK(client->PutInParts("cut", source));
  EXPECT_GT(cuts, 4);
  EXPECT_TRUE(*Read(*client_, "cut") == content);
}

TEST_F(MinioTest, ConnectionsThatAreCutAgainAndAgainCostTimeAndNothingElse) {
  FaultProxy proxy;
  const int port = proxy.AddLink(absl::StrCat("127.0.0.1:", server_->port()));
  Options options = MakeOptions(port);
  options.max_attempts = 100;
  options.backoff.max = absl::Milliseconds(50);
  const std::unique_ptr<Client> client = Make(options);
  const std::string content = Noise(kLarge);
  StopToken done;
  int cuts = 0;
  std::thread cutter([&] {
    std::mt19937 random(7);
    for (; cuts < 100 && !done.WaitFor(absl::Milliseconds(random() % 40)); ++cuts) proxy.Cut(port);
  });
  const absl::Status put = client->PutInParts("cut-often", SourceOf(content));
  const absl::StatusOr<std::string> got = Read(*client, "cut-often");
  done.Stop();
  cutter.join();
  ASSERT_OK(put);
  ASSERT_OK(got);
  EXPECT_TRUE(*got == content);
  std::cout << "figure s3.cut cuts=" << cuts << " bytes=" << kLarge << " wrong=" << (*got == content ? 0 : 1)
            << "\n";
}

TEST_F(MinioTest, AnAbortedUploadIsGone) {
  ASSERT_OK_AND_ASSIGN(const std::string upload, client_->BeginUpload("aborted"));
  const std::string part = Noise(8 << 20);
  ASSERT_OK(client_->PutPart("aborted", upload, 1, SourceOf(part)));
  EXPECT_OK(client_->AbortUpload("aborted", upload));
  EXPECT_OK(client_->AbortUpload("aborted", upload));
  EXPECT_THAT(client_->PutPart("aborted", upload, 2, SourceOf(part)), HasReason("S3_UPLOAD_NOT_FOUND"));
  EXPECT_THAT(client_->GetHead("aborted"), HasReason("S3_OBJECT_NOT_FOUND"));
}

TEST_F(MinioTest, AbortsWhatWasLeft) {
  for (const char* key : {"left/1", "left/1", "left/2"}) ASSERT_OK(client_->BeginUpload(key).status());
  ASSERT_OK_AND_ASSIGN(const std::string other, client_->BeginUpload("other"));
  EXPECT_THAT(client_->AbortUploads("left/", absl::Now() - absl::Hours(24)), IsOkAndHolds(0));
  EXPECT_THAT(client_->AbortUploads("left/", absl::Now() + absl::Hours(1)), IsOkAndHolds(3));
  EXPECT_THAT(client_->AbortUploads("left/", absl::Now() + absl::Hours(1)), IsOkAndHolds(0));
  EXPECT_THAT(client_->ListUploads("other")->uploads, ::testing::SizeIs(1));
  EXPECT_OK(client_->AbortUpload("other", other));
}

TEST_F(MinioTest, AnUploadIsCompletedOnceHoweverOftenItIsAsked) {
  const std::string part = Noise(1'000);
  ASSERT_OK_AND_ASSIGN(const std::string upload, client_->BeginUpload("twice"));
  ASSERT_OK_AND_ASSIGN(const std::string etag, client_->PutPart("twice", upload, 1, SourceOf(part)));
  EXPECT_OK(client_->CompleteUpload("twice", upload, {etag}, 1'000));
  EXPECT_OK(client_->CompleteUpload("twice", upload, {etag}, 1'000));
  EXPECT_THAT(Read(*client_, "twice"), IsOkAndHolds(part));
}

TEST_F(MinioTest, ListsMoreThanAPage) {
  for (int i = 0; i < 1'005; ++i) ASSERT_OK(client_->Put(absl::StrCat("many/", i), SourceOf("")));
  EXPECT_EQ(Keys(*client_, "many/").size(), 1'005u);
}

TEST_F(MinioTest, AContentThatIsNotWhatItsHashSaysIsRefused) {
  EXPECT_THAT(client_->Put("wrong", SourceOf("x"), Sha256Hex("y")), HasReason("S3_DAMAGED"));
  EXPECT_THAT(client_->GetHead("wrong"), HasReason("S3_OBJECT_NOT_FOUND"));
}

TEST_F(MinioTest, AWrongKeyAndAMissingBucketAreTold) {
  Options options = MakeOptions();
  options.credentials.secret_key = "hunter2hunter2";
  absl::Status status = Make(options)->Put("a", SourceOf("x"));
  EXPECT_THAT(status, HasReason("S3_ACCESS_DENIED"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  options.credentials = Credentials("nobody", "hunter2hunter2");
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")), HasReason("S3_ACCESS_DENIED"));
  EXPECT_THAT(Make(options)->PutInParts("a", SourceOf(Noise(9 << 20))), HasReason("S3_ACCESS_DENIED"));
  options = MakeOptions();
  options.bucket = "nobody-has-it";
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")), HasReason("S3_BUCKET_NOT_FOUND"));
  EXPECT_THAT(Make(options)->List(""), HasReason("S3_BUCKET_NOT_FOUND"));
}

TEST_F(MinioTest, AWrongRegionIsTold) {
  Options options = MakeOptions();
  options.endpoint.region = "eu-west-7";
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")), HasReason("S3_WRONG_REGION"));
}

TEST_F(MinioTest, TheBucketMayStandBeforeTheHost) {
  Options options = MakeOptions();
  options.endpoint.endpoint = absl::StrCat("http://localhost:", server_->port());
  options.endpoint.path_style = false;
  const std::unique_ptr<Client> client = Make(options);
  ASSERT_OK(client->Put("host/a b", SourceOf("x")));
  EXPECT_THAT(Read(*client_, "host/a b"), IsOkAndHolds(std::string("x")));
  EXPECT_EQ(Keys(*client, "host/"), std::vector<std::string>{"host/a b"});
}

}  // namespace
}  // namespace cognate::s3
