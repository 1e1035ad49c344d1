// Contents over HTTP: by their hash with a key, and by a link without one.
#include "services/file_transfer/links.h"
#include "tests/end_to_end/tus_fixture.h"
#include "tests/support/raw_client.h"

namespace cognate {
namespace {

using test_support::RawClient;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DownloadsTest : public TusFixture {
 protected:
  // Of what was stored just now.
  std::string Put(const std::string& bytes) const {
    const std::string path = Create(static_cast<int64_t>(bytes.size()));
    EXPECT_EQ(Patch(path, 0, bytes).status, 204);
    return absl::StrCat("/files/sha256/", HashOf(bytes));
  }
  Answer Get(const std::string& path, Headers headers = {}, bool http2 = false) const {
    for (const std::string& header : Operator()) headers.push_back(header);
    return Ask("GET", path, headers, "", http2);
  }
  std::string LinkTo(const std::string& bytes, const std::string& name) {
    v1::CreateLinkRequest request;
    request.set_sha256(files::Sha256(bytes));
    request.set_name(name);
    const auto files = v1::FileTransferService::NewStub(cluster_.ChannelTo("file-transfer"));
    return test_support::ValueOrDie(grpc_support::Call(*files, &v1::FileTransferService::Stub::CreateLink,
                                                       request, {.timeout = test_support::kPatience}))
        .path();
  }
};

TEST_F(DownloadsTest, AnswerAContentAndItsParts) {
  const std::string bytes = RandomBytes(3'000'000);
  const std::string path = Put(bytes);
  for (const bool http2 : {false, true}) {
    const Answer whole = Get(path, {}, http2);
    EXPECT_EQ(whole.status, 200) << whole.body.substr(0, 300);
    EXPECT_TRUE(whole.body == bytes);
    EXPECT_EQ(whole.Header("content-length"), "3000000");
    EXPECT_EQ(whole.Header("accept-ranges"), "bytes");
    EXPECT_EQ(whole.Header("etag"), absl::StrCat("\"", HashOf(bytes), "\""));
    const Answer part = Get(path, {"range: bytes=1000000-1999999"}, http2);
    EXPECT_EQ(part.status, 206);
    EXPECT_TRUE(part.body == bytes.substr(1'000'000, 1'000'000));
    EXPECT_EQ(part.Header("content-range"), "bytes 1000000-1999999/3000000");
    EXPECT_EQ(Get(path, {"range: bytes=-5"}, http2).body, bytes.substr(bytes.size() - 5));
    EXPECT_EQ(Get(path, {"range: bytes=2999998-"}, http2).body, bytes.substr(bytes.size() - 2));
    const Answer behind = Get(path, {"range: bytes=3000000-"}, http2);
    EXPECT_EQ(behind.status, 416);
    EXPECT_EQ(behind.Header("content-range"), "bytes */3000000");
  }
  const Answer head = Ask("HEAD", path, Operator());
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "3000000");
}

TEST_F(DownloadsTest, WhatHasRottedIsNeverGivenAsAWhole) {
  const std::string bytes = RandomBytes(2 << 20, 9);
  const std::string path = Put(bytes);
  ASSERT_TRUE(Get(path).body == bytes);
  const std::string hash = HashOf(bytes);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(cluster_.directory() + "/files/blobs")) {
    if (entry.path().filename().string().rfind(hash, 0) != 0) continue;
    std::fstream blob(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    blob.seekp(700'000);
    blob.put(static_cast<char>(bytes[700'000] ^ 1));
  }
  for (const bool http2 : {false, true}) {
    const Answer answer = Get(path, {}, http2);
    EXPECT_FALSE(answer.status == 200 && answer.body.size() == bytes.size()) << "it looked whole";
  }
  // And it counts as damaged from then on.
  EXPECT_TRUE(test_support::Eventually([&] { return Get(path).status != 200; }));
}

TEST_F(DownloadsTest, ABrowserAsksForWhatItHasNot) {
  const std::string bytes = RandomBytes(1000);
  const std::string path = Put(bytes);
  const std::string tag = Get(path).Header("etag");
  const Answer same = Get(path, {absl::StrCat("if-none-match: W/\"x\", ", tag)});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.Header("etag"), tag);
  EXPECT_EQ(Get(path, {"if-none-match: \"other\""}).status, 200);
  EXPECT_EQ(Get(path, {"range: bytes=0-1", absl::StrCat("if-range: ", tag)}).status, 206);
  EXPECT_EQ(Get(path, {"range: bytes=0-1", "if-range: \"older\""}).body, bytes);
}

TEST_F(DownloadsTest, NoContentIsShownAsAPage) {
  for (const std::string page :
       {"<html><script>alert(1)</script></html>", "<svg xmlns='http://www.w3.org/2000/svg'/>"}) {
    const Answer answer = Get(Put(page));
    EXPECT_THAT(answer.Header("content-disposition"), StartsWith("attachment;"));
    EXPECT_EQ(answer.Header("x-content-type-options"), "nosniff");
    EXPECT_THAT(answer.Header("content-security-policy"), HasSubstr("sandbox"));
  }
}

TEST_F(DownloadsTest, AKeyIsNeededAndOneOfAPlatformSeesItsOwn) {
  const std::string path = Put(RandomBytes(1000));
  EXPECT_EQ(ReasonOf(Ask("GET", path)), "KEY_MISSING");
  EXPECT_EQ(Ask("GET", path, Own()).status, 200) << "it has sent it";
  const Headers others = {absl::StrCat("authorization: Bearer ", MakeKey(v1::ROLE_PLATFORM, "blog"))};
  EXPECT_EQ(ReasonOf(Ask("GET", path, others)), "FILE_NOT_FOUND") << "to know its hash is no right to it";
  const std::string nothing(64, '0');
  EXPECT_EQ(ReasonOf(Get(absl::StrCat("/files/sha256/", nothing))), "FILE_NOT_FOUND");
}

TEST_F(DownloadsTest, ALinkNeedsNoKeyAndHasAName) {
  const std::string bytes = RandomBytes(2'000'000);
  Put(bytes);
  const std::string link = LinkTo(bytes, "Übersicht 日本.bin");
  const Answer answer = Ask("GET", link);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == bytes);
  EXPECT_THAT(answer.Header("content-disposition"), HasSubstr("filename*=UTF-8''%C3%9Cbersicht%20%E6%97%A5"));
  EXPECT_EQ(Ask("GET", link, {"range: bytes=5-9"}).body, bytes.substr(5, 5));
  EXPECT_EQ(Ask("HEAD", link).Header("content-length"), "2000000");
  EXPECT_EQ(Ask("POST", link).status, 405);
}

TEST_F(DownloadsTest, ALinkThatHasExpiredOrIsForgedOpensNothing) {
  const std::string bytes = RandomBytes(1000);
  Put(bytes);
  const file_transfer::Links ours({kLinkKey});
  const file_transfer::Link past = {files::Sha256(bytes), "a", absl::Now() - absl::Seconds(1)};
  EXPECT_EQ(Ask("GET", "/files/" + ours.Sign(past)).status, 403);
  const file_transfer::Links others({std::string(32, 'x')});
  const file_transfer::Link forged = {files::Sha256(bytes), "a", absl::Now() + absl::Hours(1)};
  EXPECT_EQ(ReasonOf(Ask("GET", "/files/" + others.Sign(forged))), "LINK_REFUSED");
  EXPECT_EQ(Ask("GET", LinkTo(bytes, "a") + "A").status, 403);
  EXPECT_EQ(Ask("GET", "/files/favicon.ico").status, 403);
  const file_transfer::Link gone = {std::string(32, '\1'), "a", absl::Now() + absl::Hours(1)};
  EXPECT_EQ(ReasonOf(Ask("GET", "/files/" + ours.Sign(gone))), "FILE_NOT_FOUND");
}

TEST_F(DownloadsTest, ManySlowReadersHoldNobodyUp) {
  const std::string bytes = RandomBytes(8 << 20);
  const std::string path = Put(bytes);
  std::vector<std::unique_ptr<RawClient>> slow;
  const auto begin = [&] {
    slow.push_back(std::make_unique<RawClient>(std::stoi(address_.substr(address_.rfind(':') + 1))));
    slow.back()->Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ",
                                   operator_key_, "\r\n\r\n"));
    return slow.back()->ReadUntil("\r\n");
  };
  for (int i = 0; i < 120; ++i) EXPECT_THAT(begin(), HasSubstr(" 200 "));
  EXPECT_TRUE(Get(path).body == bytes);
  // Of one address no more than that, and who sends something is not concerned.
  for (int i = 0; i < 8; ++i) EXPECT_THAT(begin(), HasSubstr(" 200 "));
  EXPECT_THAT(begin(), HasSubstr(" 429 "));
  EXPECT_EQ(ReasonOf(Get(path)), "TOO_MANY_DOWNLOADS");
  const std::string other = Put(RandomBytes(1 << 20, 7));
  slow.clear();
  EXPECT_TRUE(test_support::Eventually([&] { return Get(other).status == 200; }));
}

}  // namespace
}  // namespace cognate
