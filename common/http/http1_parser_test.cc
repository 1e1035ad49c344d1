#include "common/http/http1_parser.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::http {
namespace {

using ::testing::HasSubstr;

constexpr ParserLimits kLimits = {.max_head_bytes = 512, .max_headers = 8, .max_body_bytes = 64};

// Byte by byte, as the worst of networks brings it.
Http1Parser Parse(absl::string_view text, size_t step = 1) {
  Http1Parser parser(kLimits);
  size_t at = 0;
  while (at < text.size() && !parser.done() && parser.failure() == 0)
    at += parser.Feed(text.substr(at, step));
  return parser;
}

int FailureOf(absl::string_view text) {
  const int failure = Parse(text).failure();
  EXPECT_EQ(failure, Parse(text, 1000).failure()) << "in one piece";
  return failure;
}

TEST(Http1ParserTest, ReadsARequestWithABody) {
  Http1Parser parser = Parse(
      "POST /cognate.v1.KeyService/GetKey?a=1 HTTP/1.1\r\nHost: here:7490\r\nContent-Type:  "
      "application/json \r\n"
      "Content-Length: 2\r\n\r\n{}rest");
  ASSERT_TRUE(parser.done());
  const Request& request = parser.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/cognate.v1.KeyService/GetKey");
  EXPECT_EQ(request.query, "a=1");
  EXPECT_EQ(request.authority, "here:7490");
  EXPECT_EQ(Find(request.headers, "content-type"), "application/json");
  EXPECT_EQ(request.body, "{}");
  EXPECT_TRUE(parser.keeps_alive());
}

TEST(Http1ParserTest, TakesNoByteBeyondTheRequest) {
  Http1Parser parser(kLimits);
  const std::string first = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parser.Feed(first + "GET /b"), first.size());
  EXPECT_TRUE(parser.done());
  Http1Parser chunked(kLimits);
  const std::string second =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  EXPECT_EQ(chunked.Feed(second + "GET /b"), second.size());
  EXPECT_TRUE(chunked.done());
}

TEST(Http1ParserTest, ReadsChunksWithExtensionsAndTrailers) {
  Http1Parser parser = Parse(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3;x=1\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 1\r\n\r\n");
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.request().body, "abcde");
}

TEST(Http1ParserTest, KnowsWhichConnectionsStay) {
  EXPECT_TRUE(Parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keeps_alive());
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").keeps_alive());
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n").keeps_alive());
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_alive());
}

TEST(Http1ParserTest, ReadsWhatProxiesSend) {
  Http1Parser parser = Parse("GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.request().path, "/b");
  EXPECT_EQ(Parse("GET http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n").request().path, "/");
}

TEST(Http1ParserTest, RefusesWhatTwoProgramsCouldReadInTwoWays) {
  EXPECT_EQ(
      FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"),
      400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(FailureOf("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("GET / HTTP/1.1\r\nHost: a\r\nx: a\nb: c\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf(absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nx: a", std::string(1, '\0'), "b\r\n\r\n")),
            400);
  EXPECT_EQ(FailureOf("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n"), 400);
}

TEST(Http1ParserTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(FailureOf(absl::StrCat("GET /", std::string(600, 'a'))), 431);
  EXPECT_EQ(FailureOf(absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nx: ", std::string(600, 'a'), "\r\n\r\n")),
            431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10; ++i) absl::StrAppend(&many, "x: y\r\n");
  EXPECT_EQ(FailureOf(absl::StrCat(many, "\r\n")), 431);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n"), 413);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(FailureOf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"), 413);
  EXPECT_EQ(FailureOf(absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                                   "x: ", std::string(600, 'a'), "\r\n\r\n")),
            431);
}

TEST(Http1ParserTest, LivesThroughMutatedRequests) {
  const std::vector<std::string> corpus = {
      "POST /cognate.v1.KeyService/GetKey HTTP/1.1\r\nHost: a\r\nContent-Type: "
      "application/json\r\nContent-Length: 2\r\n\r\n{}",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nx: y\r\n\r\n",
      "GET http://a/b?c=%7B%7D HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nExpect: 100-continue\r\n\r\n",
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
  test_support::Fuzz("http1_parser", corpus, [](absl::string_view input) {
    Http1Parser parser(kLimits);
    size_t at = 0;
    for (size_t step = 1; at < input.size() && !parser.done() && parser.failure() == 0;
         step = step * 3 % 17 + 1) {
      const size_t taken = parser.Feed(input.substr(at, step));
      ASSERT_GT(taken, 0U);
      at += taken;
    }
    ASSERT_LE(parser.request().body.size(), kLimits.max_body_bytes);
    ASSERT_LE(parser.request().headers.size(), kLimits.max_headers);
  });
}

}  // namespace
}  // namespace cognate::http
