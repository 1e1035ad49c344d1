// What a client does where nothing goes wrong.
#include <thread>

#include "absl/time/clock.h"
#include "common/s3/client_fixture.h"
#include "tests/support/eventually.h"

namespace cognate::s3 {
namespace {

using test_support::HasReason;
using test_support::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(ClientTest, WhatIsPutIsThereWholeAndInRanges) {
  const std::string content = Noise(300'000);
  ASSERT_OK(client_->Put("a/b", SourceOf(content)));
  EXPECT_THAT(Read(*client_, "a/b"), test_support::IsOkAndHolds(content));
  EXPECT_THAT(Read(*client_, "a/b", 299'990), test_support::IsOkAndHolds(content.substr(299'990)));
  EXPECT_THAT(Read(*client_, "a/b", 0, 5), test_support::IsOkAndHolds(content.substr(0, 5)));
  EXPECT_THAT(Read(*client_, "a/b", 100, 70'000), test_support::IsOkAndHolds(content.substr(100, 70'000)));
  EXPECT_THAT(Read(*client_, "a/b", 299'990, 70'000), test_support::IsOkAndHolds(content.substr(299'990)));
  EXPECT_THAT(Read(*client_, "a/b", 7, 0), test_support::IsOkAndHolds(std::string()));
  EXPECT_THAT(Read(*client_, "a/b", 300'000), HasReason("S3_RANGE_BEHIND_END"));
  ASSERT_OK_AND_ASSIGN(const Client::Head head, client_->GetHead("a/b"));
  EXPECT_EQ(head.size, 300'000);
  EXPECT_LT(absl::AbsDuration(absl::Now() - head.last_modified), absl::Hours(1));
}

TEST_F(ClientTest, AnEmptyObjectIsAnObject) {
  ASSERT_OK(client_->Put("empty", SourceOf("")));
  EXPECT_THAT(Read(*client_, "empty"), test_support::IsOkAndHolds(std::string()));
  EXPECT_EQ(client_->GetHead("empty")->size, 0);
}

TEST_F(ClientTest, KeysOfEveryScriptAndSignComeBackAsTheyWere) {
  std::vector<std::string> keys = {"a b",    "a+b",      "a=b",      "a*b",  "a%2Fb",    "a//b",
                                   "a/../b", "a/./b",    "~'()!&?#", "é/ß",  "файл",     "日本語/ファイル",
                                   "ملف",    "קובץ",     "ไฟล์",      "🦊", "\x01\x7f", "a\nb",
                                   "\"<>\\", "trailing/"};
  for (const std::string& key : keys) {
    ASSERT_OK(client_->Put(key, SourceOf(key))) << key;
    EXPECT_THAT(Read(*client_, key), test_support::IsOkAndHolds(key));
  }
  std::vector<std::string> listed;
  ASSERT_OK(client_->ForEach("", [&](const Object& object) {
    listed.push_back(object.key);
    return absl::OkStatus();
  }));
  EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(keys));
}

TEST_F(ClientTest, ListsPageByPageBelowAPrefix) {
  server_.SetPageSize(3);
  for (int i = 0; i < 10; ++i) server_.SetObject(absl::StrCat("p/", i), std::string(i, 'x'), absl::Now());
  server_.SetObject("q/0", "", absl::Now());
  int count = 0;
  ASSERT_OK(client_->ForEach("p/", [&](const Object& object) {
    EXPECT_EQ(object.size, count);
    EXPECT_EQ(object.key, absl::StrCat("p/", count++));
    return absl::OkStatus();
  }));
  EXPECT_EQ(count, 10);
}

TEST_F(ClientTest, DeletesAlsoWhatIsNotThere) {
  ASSERT_OK(client_->Put("a", SourceOf("x")));
  EXPECT_OK(client_->Delete("a"));
  EXPECT_OK(client_->Delete("a"));
  EXPECT_THAT(server_.objects(), IsEmpty());
  EXPECT_THAT(Read(*client_, "a"), HasReason("S3_OBJECT_NOT_FOUND"));
  EXPECT_THAT(client_->GetHead("a"), HasReason("S3_OBJECT_NOT_FOUND"));
}

TEST_F(ClientTest, PutsALargeOneInParts) {
  const std::string content = Noise(20 << 20);
  ASSERT_OK(client_->PutInParts("big", SourceOf(content)));
  EXPECT_THAT(server_.requests(), SizeIs(5));  // begin, 8 MiB, 8 MiB, 4 MiB, complete
  EXPECT_TRUE(server_.objects()["big"] == content);
  EXPECT_EQ(server_.upload_count(), 0u);
}

TEST_F(ClientTest, ASmallOneNeedsNoParts) {
  ASSERT_OK(client_->PutInParts("small", SourceOf("x")));
  EXPECT_THAT(server_.requests(), ElementsAre("PUT /cognate-test/small"));
}

TEST_F(ClientTest, AReaderThatHasEnoughEndsIt) {
  ASSERT_OK(client_->Put("a", SourceOf(Noise(3 << 20))));
  int64_t got = 0;
  EXPECT_OK(client_->Get("a", 0, -1, [&](absl::string_view data) {
    got += static_cast<int64_t>(data.size());
    return false;
  }));
  EXPECT_GT(got, 0);
  EXPECT_LT(got, 3 << 20);
}

TEST_F(ClientTest, AbortsWhatWasLeftForADay) {
  server_.SetPageSize(2);
  for (int i = 0; i < 5; ++i) ASSERT_OK(client_->BeginUpload(absl::StrCat("ours/", i)).status());
  ASSERT_OK(client_->BeginUpload("theirs/1").status());
  EXPECT_THAT(client_->AbortUploads("ours/", absl::Now() - absl::Hours(24)), test_support::IsOkAndHolds(0));
  EXPECT_EQ(server_.upload_count(), 6u);
  EXPECT_THAT(client_->AbortUploads("ours/", absl::Now() + absl::Hours(1)), test_support::IsOkAndHolds(5));
  EXPECT_EQ(server_.upload_count(), 1u);
  EXPECT_OK(client_->AbortUpload("theirs/1", "upload-000006"));
  EXPECT_OK(client_->AbortUpload("theirs/1", "upload-000006"));
}

TEST_F(ClientTest, ASessionTokenAndAHostOfTheBucketAreSigned) {
  Options options = MakeOptions();
  options.credentials.session_token = "FwoGZXIvYXdzEXAMPLE//token+=";
  options.endpoint.endpoint = absl::StrCat("http://localhost:", server_.port());
  options.endpoint.path_style = false;
  ASSERT_OK(Make(options)->Put("a b", SourceOf("x")));
  EXPECT_THAT(server_.objects(), ElementsAre(Pair("a b", "x")));
}

TEST_F(ClientTest, AnUnsignedPayloadIsForTlsAlone) {
  Options options = MakeOptions();
  options.signs_payload = false;
  ASSERT_OK(Make(options)->Put("a", SourceOf("x")));
  EXPECT_THAT(server_.objects(), ElementsAre(Pair("a", "x")));
}

TEST_F(ClientTest, StopEndsWhatWaits) {
  Options options = MakeOptions();
  options.backoff = {absl::Hours(1), 1.0, absl::Hours(1)};
  const std::unique_ptr<Client> client = Make(options);
  server_.Fail({}, 1);
  std::thread stopper([&] {
    test_support::Eventually([&] { return server_.requests().size() == 1; });
    client->Stop();
  });
  EXPECT_TRUE(absl::IsCancelled(client->Put("a", SourceOf("x"))));
  stopper.join();
  EXPECT_TRUE(absl::IsCancelled(client->Put("a", SourceOf("x"))));
}

TEST_F(ClientTest, OptionsThatCannotBeAreRefused) {
  const auto refused = [](const Options& options) { return Client::Create(options, Clock::Real()).status(); };
  Options options = MakeOptions();
  options.bucket = "No Bucket";
  EXPECT_THAT(refused(options), StatusIs(absl::StatusCode::kInvalidArgument));
  options = MakeOptions();
  options.credentials.secret_key = "";
  EXPECT_THAT(refused(options), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->Put("", SourceOf("x")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->Put(std::string(1'025, 'x'), SourceOf("x")),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cognate::s3
