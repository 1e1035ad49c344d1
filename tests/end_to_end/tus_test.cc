// Uploads by tus 1.0, request by request.
#include "common/postgres/connection.h"
#include "common/worker/worker.h"
#include "tests/end_to_end/tus_fixture.h"
#include "tests/support/raw_client.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::RawClient;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TusTest : public TusFixture {
 protected:
  static std::string Sha1Of(const std::string& base64) {
    return absl::StrCat("upload-checksum: sha1 ", base64);
  }
  std::string PatchHead(const std::string& path, size_t length, const std::string& more = "") const {
    return absl::StrCat(
        "PATCH ", path, " HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer ", key_,
        "\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: ", length,
        "\r\n", more, "\r\n");
  }
  int Port() const { return std::stoi(address_.substr(address_.rfind(':') + 1)); }
};

TEST_F(TusTest, SaysWhatItCan) {
  const Answer answer = Ask("OPTIONS", "/files/tus");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.Header("tus-version"), "1.0.0");
  EXPECT_THAT(answer.Header("tus-extension"), AllOf(HasSubstr("checksum"), HasSubstr("concatenation")));
  EXPECT_THAT(answer.Header("tus-checksum-algorithm"), AllOf(HasSubstr("sha1"), HasSubstr("sha256")));
  EXPECT_EQ(answer.Header("tus-max-size"), absl::StrCat(int64_t{1} << 40));
}

TEST_F(TusTest, TakesAFileInPiecesOverBothVersionsOfHttp) {
  const std::string bytes = RandomBytes(300'000);
  const std::string path = Create(300'000, {"upload-metadata: filename d29ybGQ=,empty"});
  EXPECT_EQ(OffsetOf(path), "0");
  const Answer first = Patch(path, 0, bytes.substr(0, 100'000));
  EXPECT_EQ(first.status, 204) << first.body;
  EXPECT_EQ(first.Header("upload-offset"), "100000");
  EXPECT_THAT(first.Header("upload-expires"), HasSubstr("GMT"));
  EXPECT_EQ(Patch(path, 50'000, bytes).status, 409) << "what is committed is not written again";
  const Answer last = Patch(path, 100'000, bytes.substr(100'000), {}, /*http2=*/true);
  EXPECT_EQ(last.status, 204) << last.body;
  EXPECT_EQ(last.Header("cognate-sha256"), HashOf(bytes));
  const Answer known = Tus("HEAD", path);
  EXPECT_EQ(known.Header("upload-offset"), "300000");
  EXPECT_EQ(known.Header("upload-length"), "300000");
  EXPECT_EQ(known.Header("upload-metadata"), "filename d29ybGQ=,empty");
  EXPECT_EQ(known.Header("cache-control"), "no-store");
  EXPECT_EQ(known.Header("cognate-sha256"), HashOf(bytes));
  EXPECT_EQ(Stored(HashOf(bytes)), bytes);
  EXPECT_EQ(Patch(path, 300'000, "").status, 204) << "an answer that was lost";
}

TEST_F(TusTest, TakesFilesOfEverySize) {
  for (const size_t size : {0, 1, 65'535, 65'536, 65'537, 1 << 20, (9 << 20) + 1}) {
    const std::string bytes = RandomBytes(size, size);
    const std::string path = Create(static_cast<int64_t>(size));
    if (size > 0) {
      EXPECT_EQ(Patch(path, 0, bytes).Header("cognate-sha256"), HashOf(bytes)) << size;
    }
    EXPECT_EQ(Tus("HEAD", path).Header("cognate-sha256"), HashOf(bytes)) << size;
    EXPECT_EQ(Stored(HashOf(bytes)), bytes) << size;
  }
}

TEST_F(TusTest, TakesTheFirstBytesWithTheCreation) {
  const std::string bytes = RandomBytes(100'000);
  const Answer whole = Tus("POST", "/files/tus/",
                           {"upload-length: 100000", "content-type: application/offset+octet-stream"}, bytes);
  EXPECT_EQ(whole.status, 201) << whole.body;
  EXPECT_EQ(whole.Header("upload-offset"), "100000");
  EXPECT_EQ(whole.Header("cognate-sha256"), HashOf(bytes));
  const Answer part =
      Tus("POST", "/files/tus", {"upload-length: 100000", "content-type: application/offset+octet-stream"},
          bytes.substr(0, 40'000));
  EXPECT_EQ(part.Header("upload-offset"), "40000");
  EXPECT_EQ(Patch(part.Header("location"), 40'000, bytes.substr(40'000)).Header("cognate-sha256"),
            HashOf(bytes));
}

TEST_F(TusTest, RefusesInWords) {
  const std::string path = Create(10);
  struct Case {
    Answer answer;
    int status;
    const char* reason;
  };
  const Headers length = {"upload-length: 10"};
  const Headers body = {"upload-offset: 0", "content-type: application/offset+octet-stream"};
  const Case cases[] = {
      {Tus("POST", "/files/tus"), 400, "INVALID_HEADER"},
      {Tus("POST", "/files/tus", {"upload-length: -1"}), 400, "INVALID_HEADER"},
      {Tus("POST", "/files/tus", {"upload-defer-length: 1"}), 400, "INVALID_HEADER"},
      {Tus("POST", "/files/tus", {"upload-length: 9000000000000000000"}), 413, "UPLOAD_TOO_LARGE"},
      {Tus("POST", "/files/tus", {"upload-length: 1", "upload-metadata: a *"}), 400, "INVALID_HEADER"},
      {Tus("POST", "/files/tus", {"upload-length: 1", "upload-concat: some"}), 400, "INVALID_HEADER"},
      {Ask("POST", "/files/tus", {"tus-resumable: 1.0.0", "upload-length: 10"}), 401, "KEY_MISSING"},
      {Tus("POST", "/files/tus", {"upload-length: 10", "cognate-platform: blog"}), 403, "NOT_YOUR_PLATFORM"},
      {Tus("PATCH", path, {"upload-offset: 0"}, "x"), 415, "MEDIA_TYPE_UNSUPPORTED"},
      {Tus("PATCH", path, {"content-type: application/offset+octet-stream"}, "x"), 400, "INVALID_HEADER"},
      {Patch(path, 0, std::string(11, 'x')), 413, "UPLOAD_TOO_LARGE"},
      {Patch(path, 0, "x", {"upload-checksum: crc32 AAAA"}), 400, "INVALID_HEADER"},
      {Patch("/files/tus/0123456789abcdef", 0, "x"), 404, "UPLOAD_NOT_FOUND"},
      {Tus("GET", path), 405, "HTTP_METHOD_NOT_ALLOWED"},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(each.answer.status, each.status) << each.reason << " " << each.answer.body;
    EXPECT_EQ(ReasonOf(each.answer), each.reason) << each.answer.body;
  }
  EXPECT_EQ(Tus("HEAD", "/files/tus/0123456789abcdef").status, 404);
  Headers other = Own();
  other.emplace_back("upload-length: 10");
  EXPECT_EQ(Ask("POST", "/files/tus", other).status, 412);
  EXPECT_EQ(Ask("POST", "/files/tus", other).Header("tus-version"), "1.0.0");
  EXPECT_EQ(OffsetOf(path), "0");
}

TEST_F(TusTest, ARequestThatIsRefusedHoldsNoUpload) {
  const std::string path = Create(10);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Patch(absl::StrCat("/files/tus/0123456789abcdef", i), 0, "x").status, 404) << i;
    EXPECT_EQ(Patch(path, 5, "x").status, 409) << i;
  }
  cluster_.Kill("file-transfer");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Patch(path, 0, "x").status, 503);
  cluster_.Start("file-transfer");
  EXPECT_TRUE(Eventually([&] { return Patch(path, 0, "0123456789").status == 204; }));
}

TEST_F(TusTest, APathIsNoWayOut) {
  for (const std::string path :
       {"/files/tus/../../../../etc/passwd", "/files/tus/..%2f..%2f..%2fetc%2fpasswd",
        "/files/tus/%2e%2e%2f%2e%2e%2f0123456789", "/files/sha256/../../etc/passwd",
        "/files/../../../etc/passwd", "/files/", "/files/a/b"}) {
    RawClient client(Port());
    client.Send(absl::StrCat("HEAD ", path,
                             " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\n",
                             "Authorization: Bearer ", operator_key_, "\r\nCognate-Platform: shop\r\n\r\n"));
    EXPECT_THAT(client.ReadAll(), AnyOf(StartsWith("HTTP/1.1 404 "), StartsWith("HTTP/1.1 403 "))) << path;
  }
}

TEST_F(TusTest, AnOperatorSaysForWhichPlatform) {
  Headers headers = Operator();
  headers.emplace_back("tus-resumable: 1.0.0");
  headers.emplace_back("upload-length: 3");
  EXPECT_EQ(ReasonOf(Ask("POST", "/files/tus", headers)), "INVALID_HEADER");
  headers.emplace_back("cognate-platform: shop");
  const std::string path = Ask("POST", "/files/tus", headers).Header("location");
  EXPECT_EQ(Patch(path, 0, "abc").Header("cognate-sha256"), HashOf("abc"))
      << "the platform's own key goes on";
  headers.back() = "cognate-platform: platforms/shop";
  const std::string same = Ask("POST", "/files/tus", headers).Header("location");
  EXPECT_EQ(Patch(same, 0, "abc").Header("cognate-sha256"), HashOf("abc")) << "its name is as good as its id";
  headers.back() = "cognate-platform: shp";
  EXPECT_EQ(ReasonOf(Ask("POST", "/files/tus", headers)), "PLATFORM_NOT_FOUND");
}

TEST_F(TusTest, APlatformDoesNotSeeAnothersUpload) {
  const std::string path = Create(10);
  key_ = MakeKey(v1::ROLE_PLATFORM, "blog");
  EXPECT_EQ(Tus("HEAD", path).status, 404);
  EXPECT_EQ(Tus("DELETE", path).status, 404);
  EXPECT_EQ(Patch(path, 0, "x").status, 404);
}

TEST_F(TusTest, KeepsNothingOfWhatHasAnotherChecksum) {
  const std::string path = Create(11);
  const Answer other = Patch(path, 0, "hello World", {Sha1Of("Kq5sNclPz7QV2+lfQIuc6R7oRu0=")});
  EXPECT_EQ(other.status, 460);
  EXPECT_EQ(ReasonOf(other), "CHECKSUM_MISMATCH");
  EXPECT_EQ(OffsetOf(path), "0");
  const Answer right = Patch(path, 0, "hello world", {Sha1Of("Kq5sNclPz7QV2+lfQIuc6R7oRu0=")});
  EXPECT_EQ(right.Header("cognate-sha256"), HashOf("hello world")) << right.body;
}

TEST_F(TusTest, ChecksALargePieceBeforeItIsTaken) {
  const std::string bytes = RandomBytes(3 << 20);
  const std::string checksum =
      absl::StrCat("upload-checksum: sha256 ", absl::Base64Escape(files::Sha256(bytes)));
  const std::string path = Create(4 << 20);
  std::string damaged = bytes;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_EQ(Patch(path, 0, damaged, {checksum}).status, 460);
  EXPECT_EQ(OffsetOf(path), "0");
  EXPECT_EQ(Patch(path, 0, bytes, {checksum}, /*http2=*/true).Header("upload-offset"), absl::StrCat(3 << 20));
  const std::string rest = RandomBytes(1 << 20, 7);
  EXPECT_EQ(Patch(path, 3 << 20, rest).Header("cognate-sha256"), HashOf(bytes + rest));
}

TEST_F(TusTest, ComparesTheWholeWithTheHashThatTheClientKnew) {
  const auto metadata = [](const std::string& bytes) {
    return absl::StrCat("upload-metadata: sha256 ", absl::Base64Escape(HashOf(bytes)));
  };
  const std::string right = Create(3, {metadata("abc")});
  EXPECT_EQ(Patch(right, 0, "abc").status, 204);
  const std::string wrong = Create(3, {metadata("abc")});
  const Answer refused = Patch(wrong, 0, "abd");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(ReasonOf(refused), "FILE_DAMAGED");
  EXPECT_EQ(Tus("HEAD", wrong).status, 404) << "it is given up";
}

TEST_F(TusTest, JoinsPartialUploads) {
  const std::string bytes = RandomBytes(2 << 20);
  const std::string first = Create(1 << 20, {"upload-concat: partial"});
  const std::string second = Create(1 << 20, {"upload-concat: partial"});
  EXPECT_EQ(Patch(second, 0, bytes.substr(1 << 20)).status, 204);
  const std::string concat = absl::StrCat("upload-concat: final;", first, " ", Url(second));
  EXPECT_EQ(ReasonOf(Tus("POST", "/files/tus", {concat})), "UPLOAD_INCOMPLETE");
  EXPECT_EQ(Patch(first, 0, bytes.substr(0, 1 << 20)).status, 204);
  EXPECT_EQ(Tus("HEAD", first).Header("upload-concat"), "partial");
  EXPECT_EQ(Tus("HEAD", first).Header("cognate-sha256"), "") << "a part is no content";
  const Answer joined = Tus("POST", "/files/tus", {concat});
  EXPECT_EQ(joined.status, 201) << joined.body;
  EXPECT_EQ(joined.Header("cognate-sha256"), HashOf(bytes));
  const Answer known = Tus("HEAD", joined.Header("location"));
  EXPECT_EQ(known.Header("upload-length"), absl::StrCat(2 << 20));
  EXPECT_EQ(known.Header("upload-offset"), absl::StrCat(2 << 20));
  EXPECT_THAT(known.Header("upload-concat"), StartsWith("final;"));
  EXPECT_EQ(ReasonOf(Patch(joined.Header("location"), 0, "x")), "UPLOAD_IS_FINAL");
  EXPECT_EQ(Stored(HashOf(bytes)), bytes);
}

TEST_F(TusTest, EndsAnUploadThatIsGivenUp) {
  const std::string path = Create(10);
  EXPECT_EQ(Patch(path, 0, "abc").status, 204);
  EXPECT_EQ(Tus("DELETE", path).status, 204);
  EXPECT_EQ(Tus("HEAD", path).status, 404);
  EXPECT_EQ(Tus("DELETE", path).status, 404);
}

TEST_F(TusTest, ForgetsAnUploadThatHasExpired) {
  const std::string path = Create(10);
  EXPECT_THAT(Tus("HEAD", path).Header("upload-expires"), HasSubstr("GMT"));
  const auto database = *postgres::Connection::Open(cluster_.uri());
  ASSERT_THAT(database->Execute("UPDATE file_transfer.uploads SET expire_at = now() - interval '1 second'"),
              test_support::IsOk());
  EXPECT_EQ(Tus("HEAD", path).status, 404);
  EXPECT_EQ(ReasonOf(Patch(path, 0, "x")), "UPLOAD_NOT_FOUND");
}

TEST_F(TusTest, AConnectionThatIsDeadDoesNotHoldTheUpload) {
  const std::string bytes = RandomBytes(200'000);
  const std::string path = Create(200'000);
  RawClient dead(Port());
  dead.Send(PatchHead(path, bytes.size()));
  dead.Send(bytes.substr(0, 50'000));
  // And says nothing more. How far it is, is true then: a PATCH that goes on there is not told another
  // offset.
  int64_t offset = 0;
  EXPECT_TRUE(Eventually([&] {
    offset = std::stoll(OffsetOf(path));
    return offset > 0;
  }));
  EXPECT_LE(offset, 50'000);
  const Answer last = Patch(path, offset, bytes.substr(static_cast<size_t>(offset)));
  EXPECT_EQ(last.status, 204) << last.body;
  EXPECT_EQ(last.Header("cognate-sha256"), HashOf(bytes));
  EXPECT_THAT(dead.ReadAll(), StartsWith("HTTP/1.1 423 "));
}

TEST_F(TusTest, AsManyAsMayUploadAtOnceHaveTheirBytesChecked) {
  constexpr size_t kOfPlatform = 40;
  const std::string bytes = RandomBytes(1'000);
  const std::string checksum =
      absl::StrCat("upload-checksum: sha256 ", absl::Base64Escape(files::Sha256(bytes)));
  std::vector<std::string> paths;
  std::vector<std::unique_ptr<RawClient>> slow;
  for (size_t i = 0; i < kOfPlatform; ++i) {
    paths.push_back(Create(1'000));
    slow.push_back(std::make_unique<RawClient>(Port()));
    slow.back()->Send(PatchHead(paths.back(), bytes.size(), absl::StrCat(checksum, "\r\n")));
    slow.back()->Send(bytes.substr(0, 10));
  }
  const std::string another = Create(1'000);
  EXPECT_TRUE(Eventually([&] {
    const Answer refused = Patch(another, 0, bytes.substr(0, 1));
    return refused.status == 503 && ReasonOf(refused) == "GATEWAY_OVERLOADED";
  })) << "they hold their places from their first byte on";
  for (const auto& client : slow) EXPECT_FALSE(client->HasAnswer());
  EXPECT_EQ(Patch(paths[0], 0, bytes, {checksum}).Header("cognate-sha256"), HashOf(bytes))
      << "one that is silent makes room for the next one of its upload";
  slow.clear();
  EXPECT_TRUE(Eventually([&] {
    const int64_t offset = std::stoll(OffsetOf(another));
    return Patch(another, offset, bytes.substr(static_cast<size_t>(offset))).status == 204;
  }));
  for (size_t i = 1; i < kOfPlatform; ++i)
    EXPECT_EQ(Patch(paths[i], 0, bytes, {checksum}).Header("cognate-sha256"), HashOf(bytes)) << i;
}

TEST_F(TusTest, WhatCameBeforeAConnectionBrokeIsKept) {
  const std::string bytes = RandomBytes(8 << 20);
  const std::string path = Create(8 << 20);
  {
    RawClient broken(Port());
    broken.Send(PatchHead(path, bytes.size()));
    broken.Send(bytes.substr(0, 4 << 20));
  }
  EXPECT_TRUE(Eventually([&] { return OffsetOf(path) != "0"; }));
  const auto offset = std::stoll(OffsetOf(path));
  EXPECT_LE(offset, 4 << 20);
  EXPECT_EQ(Patch(path, offset, bytes.substr(static_cast<size_t>(offset))).Header("cognate-sha256"),
            HashOf(bytes));
}

TEST_F(TusTest, TwoAtOnceOnOneUploadMakeNoMixture) {
  for (uint64_t round = 0; round < 5; ++round) {
    const std::string bytes = RandomBytes(6 << 20, round);
    const std::string path = Create(6 << 20);
    Answer answers[2];
    {  // Until both have ended.
      std::vector<std::unique_ptr<Worker>> clients;
      for (Answer& answer : answers)
        clients.push_back(std::make_unique<Worker>("client", [&](StopToken&) {
          answer = Patch(path, 0, bytes, {}, /*http2=*/&answer == &answers[0]);
        }));
    }
    for (const Answer& answer : answers) {
      EXPECT_THAT(answer.status, AnyOf(204, 409, 423)) << answer.body;
    }
    const auto offset = std::stoll(OffsetOf(path));
    if (offset < (6 << 20)) Patch(path, offset, bytes.substr(static_cast<size_t>(offset)));
    EXPECT_EQ(Tus("HEAD", path).Header("cognate-sha256"), HashOf(bytes));
  }
}

TEST_F(TusTest, PagesOfOtherOriginsMayUploadOnlyWhereTheyAreAllowed) {
  const Headers preflight = {"origin: https://console.example.org", "access-control-request-method: PATCH",
                             "access-control-request-headers: tus-resumable, upload-offset"};
  EXPECT_EQ(Ask("OPTIONS", "/files/tus", preflight).Header("access-control-allow-origin"), "");
  gateway_.reset();
  std::vector<std::string> arguments = Peers(cluster_);
  arguments.emplace_back("--http-allowed-origins=https://console.example.org");
  gateway_ = std::make_unique<GatewayProcess>(directory_, arguments);
  address_ = gateway_->address();
  const Answer answer = Ask("OPTIONS", "/files/tus", preflight);
  EXPECT_EQ(answer.Header("access-control-allow-origin"), "https://console.example.org");
  EXPECT_THAT(answer.Header("access-control-allow-methods"), HasSubstr("PATCH"));
  EXPECT_THAT(answer.Header("access-control-allow-headers"), HasSubstr("upload-offset"));
  const Answer made = Tus("POST", "/files/tus", {"upload-length: 1", "origin: https://console.example.org"});
  EXPECT_THAT(made.Header("access-control-expose-headers"), HasSubstr("upload-offset"));
}

}  // namespace
}  // namespace cognate
