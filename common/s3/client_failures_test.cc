// What a client does where the server, the network or its own set-up is not as it should be.
#include <atomic>

#include "absl/time/clock.h"
#include "common/clock/fake_clock.h"
#include "common/s3/client_fixture.h"
#include "common/s3/encoding.h"
#include "tests/support/certificates.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/temp_dir.h"

namespace cognate::s3 {
namespace {

using test_support::FakeS3;
using test_support::FaultProxy;
using test_support::HasReason;
using test_support::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(ClientTest, TriesAgainAfterSlowDownAndFivehundreds) {
  server_.Fail({}, 2);
  server_.Fail({500, "<Error><Code>InternalError</Code></Error>"});
  server_.Fail({502, "<html>bad gateway</html>"});
  EXPECT_OK(client_->Put("a", SourceOf("x")));
  EXPECT_THAT(server_.requests(), SizeIs(5));
  EXPECT_THAT(server_.objects(), ElementsAre(Pair("a", "x")));
}

TEST_F(ClientTest, SaysInTheEndThatItCannotNow) {
  server_.Fail({}, 100);
  const absl::Status status = client_->Put("a", SourceOf("x"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("SlowDown")));
  EXPECT_THAT(status, HasReason("S3_UNAVAILABLE"));
  EXPECT_THAT(server_.requests(), SizeIs(6));
}

TEST_F(ClientTest, WaitsAsLongAsTheServerAsksWithinItsOwnLimit) {
  Options options = MakeOptions();
  options.max_attempts = 2;
  options.backoff.max = absl::Milliseconds(50);
  server_.Fail({503, "", {{"Retry-After", "3600"}}});
  EXPECT_OK(Make(options)->Put("a", SourceOf("x")));
}

TEST_F(ClientTest, NoServerIsToldAfterAllTries) {
  Options options = MakeOptions(1);
  options.max_attempts = 3;
  const absl::Status status = Make(options)->Put("a", SourceOf("x"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1")));
}

TEST_F(ClientTest, ACutConnectionInTheMiddleOfAPartIsTriedAgain) {
  FaultProxy proxy;
  const int port = proxy.AddLink(absl::StrCat("127.0.0.1:", server_.port()));
  const std::unique_ptr<Client> client = Make(MakeOptions(port));
  std::atomic<int> cuts = 0;
  server_.OnBody([&](int64_t bytes) {
    if (bytes > 3 << 20 && cuts.fetch_add(1) < 3) proxy.Cut(port);
  });
  const std::string content = Noise(20 << 20);
  ASSERT_OK(client->PutInParts("big", SourceOf(content)));
  EXPECT_GE(cuts, 3);
  EXPECT_TRUE(server_.objects()["big"] == content);
  EXPECT_EQ(server_.upload_count(), 0u);
}

TEST_F(ClientTest, ACutAnswerGoesOnWhereItWas) {
  const std::string content = Noise(3 << 20);
  ASSERT_OK(client_->Put("a", SourceOf(content)));
  server_.CutNextGet(1 << 20);
  EXPECT_TRUE(*Read(*client_, "a") == content);
  EXPECT_THAT(server_.requests(), SizeIs(3));
  server_.CutNextGet(1'000);
  EXPECT_TRUE(*Read(*client_, "a", 500, 2 << 20) == content.substr(500, 2 << 20));
}

TEST_F(ClientTest, GoesOnOnlyWithTheSameObject) {
  ASSERT_OK(client_->Put("a", SourceOf(std::string(1'000'000, 'x'))));
  server_.CutNextGet(100'000);
  std::string got;
  const absl::Status status = client_->Get("a", 0, -1, [&](absl::string_view data) {
    got.append(data.data(), data.size());
    server_.SetObject("a", std::string(1'000'000, 'y'), absl::Now());
    return true;
  });
  EXPECT_THAT(status, HasReason("S3_REFUSED"));
  EXPECT_EQ(got.find('y'), std::string::npos);
}

TEST_F(ClientTest, AnUploadWhoseAnswerWasLostIsComplete) {
  const std::string content = Noise(9 << 20);
  server_.Fail({500, "", {}, false, "POST"});  // begin, once
  ASSERT_OK(client_->PutInParts("big", SourceOf(content)));
  ASSERT_OK_AND_ASSIGN(const std::string upload, client_->BeginUpload("lost"));
  ASSERT_OK_AND_ASSIGN(const std::string etag, client_->PutPart("lost", upload, 1, SourceOf(content)));
  server_.Fail({500, "", {}, true, "POST"});
  EXPECT_OK(client_->CompleteUpload("lost", upload, {etag}, 9 << 20));
  EXPECT_TRUE(server_.objects()["lost"] == content);
}

TEST_F(ClientTest, AnErrorInsideOfASuccessIsAnError) {
  ASSERT_OK_AND_ASSIGN(const std::string upload, client_->BeginUpload("a"));
  ASSERT_OK_AND_ASSIGN(const std::string etag, client_->PutPart("a", upload, 1, SourceOf("x")));
  server_.Fail(
      {200, "<?xml version=\"1.0\"?>\n\n  <Error><Code>InternalError</Code></Error>", {}, false, "POST"});
  EXPECT_OK(client_->CompleteUpload("a", upload, {etag}, 1));
  EXPECT_THAT(server_.objects(), ElementsAre(Pair("a", "x")));
  server_.Fail({200, "<Error><Code>AccessDenied</Code></Error>", {}, false, "POST"});
  EXPECT_THAT(client_->CompleteUpload("a", upload, {etag}, 1), Not(test_support::IsOk()));
}

TEST_F(ClientTest, AFailedUploadLeavesNothingBehind) {
  Source broken{20 << 20, [](int64_t offset, char* buffer, size_t room) -> absl::StatusOr<size_t> {
                  if (offset >= 10 << 20) return absl::DataLossError("the disk is broken");
                  std::fill_n(buffer, room, 'x');
                  return room;
                }};
  EXPECT_THAT(client_->PutInParts("big", broken), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("disk")));
  EXPECT_EQ(server_.upload_count(), 0u);
  EXPECT_THAT(server_.objects(), IsEmpty());
}

TEST_F(ClientTest, ASourceThatEndsTooEarlyIsNeverSent) {
  Source shorter{1'000, [](int64_t offset, char* buffer, size_t room) -> absl::StatusOr<size_t> {
                   const size_t got = offset >= 500 ? 0 : std::min<size_t>(room, 500);
                   std::fill_n(buffer, got, 'x');
                   return got;
                 }};
  EXPECT_THAT(client_->Put("a", shorter), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(client_->Put("a", shorter, kUnsignedPayload), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(server_.objects(), IsEmpty());
}

TEST_F(ClientTest, AContentThatIsNotWhatItsHashSaysIsRefused) {
  EXPECT_THAT(client_->Put("a", SourceOf("x"), Sha256Hex("y")), Not(test_support::IsOk()));
  EXPECT_THAT(server_.objects(), IsEmpty());
}

TEST_F(ClientTest, AWrongKeyIsToldAndNeverRepeated) {
  Options options = MakeOptions();
  options.credentials.secret_key = "hunter2hunter2";
  options.credentials.session_token = "tokentoken";
  absl::Status status = Make(options)->Put("a", SourceOf("x"));
  EXPECT_THAT(status, HasReason("S3_ACCESS_DENIED"));
  EXPECT_THAT(status.ToString(), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("tokentoken")));
  options.credentials = {"AKIDOTHER", "hunter2hunter2"};
  EXPECT_THAT(Make(options)->GetHead("a"), HasReason("S3_ACCESS_DENIED"));
  EXPECT_THAT(server_.requests(), SizeIs(2));  // it would not help to try again
}

TEST_F(ClientTest, AMissingBucketIsTold) {
  Options options = MakeOptions();
  options.bucket = "nobody-has-it";
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("there is no bucket nobody-has-it")));
  EXPECT_THAT(Make(options)->List(""), HasReason("S3_BUCKET_NOT_FOUND"));
}

TEST_F(ClientTest, AClockThatIsOffIsToldWithByHowMuch) {
  FakeClock clock(absl::Now() - absl::Hours(5));
  const auto client = test_support::ValueOrDie(Client::Create(MakeOptions(), clock));
  const absl::Status status = client->Put("a", SourceOf("x"));
  EXPECT_THAT(status, HasReason("S3_CLOCK_OFF"));
  EXPECT_THAT(status.message(), HasSubstr("clock"));
}

TEST_F(ClientTest, ARedirectIsToldAndNotFollowed) {
  server_.Fail(
      {301,
       "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message><Region>eu-west-1</Region></Error>",
       {{"Location", "http://169.254.169.254/"}}});
  EXPECT_THAT(client_->Put("a", SourceOf("x")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("but in eu-west-1")));
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(ClientTest, AFullStoreIsTold) {
  server_.Fail(
      {507, "<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached</Message></Error>"});
  EXPECT_THAT(client_->Put("a", SourceOf("x")), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(ClientTest, AnAnswerThatIsNoneOfS3IsToldSo) {
  for (const std::string& body :
       {std::string("<html>hello</html>"), std::string(), std::string("<ListBucketResult"),
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        std::string("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%</Key></Contents></"
                    "ListBucketResult>"),
        std::string(
            "<ListBucketResult><Contents><Key>a</Key><LastModified>2026-11-22T00:00:00Z</LastModified>"
            "<Size>-1</Size></Contents></ListBucketResult>"),
        std::string(9 << 20, 'x')}) {
    server_.Fail({200, body});
    EXPECT_THAT(client_->List(""), HasReason("S3_UNREADABLE")) << body.substr(0, 100);
  }
}

TEST_F(ClientTest, AServerThatIgnoresTheRangeIsNotBelieved) {
  ASSERT_OK(client_->Put("a", SourceOf("0123456789")));
  server_.Fail({200, "0123456789"});
  EXPECT_THAT(Read(*client_, "a", 5), HasReason("S3_UNREADABLE"));
  server_.Fail({206, "0123456789", {{"Content-Range", "bytes 0-9/10"}}});
  EXPECT_THAT(Read(*client_, "a", 5), HasReason("S3_UNREADABLE"));
  server_.Fail({206, "56789", {{"Content-Range", "bytes 5-9/10"}}});
  EXPECT_THAT(Read(*client_, "a", 5, 2), HasReason("S3_UNREADABLE"));
}

TEST_F(ClientTest, AServerThatStandsStillIsLeft) {
  FaultProxy proxy;
  const int port = proxy.AddLink(absl::StrCat("127.0.0.1:", server_.port()));
  proxy.SetFault(port, {.holds_answers = true});
  Options options = MakeOptions(port);
  options.transport.stall_timeout = absl::Seconds(1);
  options.max_attempts = 1;
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("stands still")));
}

TEST_F(ClientTest, SpeaksTlsOnlyWithWhomItTrusts) {
  const test_support::Authority authority;
  const test_support::TempDir directory;
  authority.IssueInto(directory.File("server"));
  test_support::ReplaceFile(directory.File("ca.pem"), authority.Certificate());
  FakeS3 secure(directory.File("server"));
  Options options = MakeOptions();
  options.endpoint.endpoint = secure.endpoint();
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")), HasReason("S3_TLS_FAILED"));
  options.transport.ca_file = directory.File("ca.pem");
  const std::string content = Noise(9 << 20);
  ASSERT_OK(Make(options)->PutInParts("signed", SourceOf(content)));
  options.signs_payload = false;
  ASSERT_OK(Make(options)->PutInParts("unsigned", SourceOf(content)));
  EXPECT_TRUE(secure.objects()["signed"] == content);
  EXPECT_TRUE(secure.objects()["unsigned"] == content);
  options.endpoint.endpoint = absl::StrCat("https://127.0.0.1:", server_.port());
  EXPECT_THAT(Make(options)->Put("a", SourceOf("x")), HasReason("S3_TLS_FAILED"));
}

}  // namespace
}  // namespace cognate::s3
