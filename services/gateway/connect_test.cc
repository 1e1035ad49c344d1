// What the Connect protocol says of headers and errors.
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "services/gateway/caller.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/connect_protocol.h"
#include "services/gateway/cors.h"
#include "services/gateway/query.h"
#include "services/gateway/rpc_table.h"
#include "tests/support/fuzz.h"
#include "tests/support/status_matchers.h"

namespace cognate::gateway {
namespace {

using test_support::HasReason;
using test_support::ValueOrDie;
using ::testing::HasSubstr;
using ::testing::Not;

http::Request RequestWith(http::Headers headers) {
  http::Request request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.address = "203.0.113.7";
  return request;
}

std::optional<ConnectRefusal> RefusalOf(http::Headers headers) {
  ConnectRequest request;
  return ReadConnectHeaders(RequestWith(std::move(headers)), &request);
}

TEST(ConnectProtocolTest, TakesJsonAndBinary) {
  ConnectRequest request;
  EXPECT_FALSE(ReadConnectHeaders(RequestWith({{"content-type", "application/json"}}), &request));
  EXPECT_EQ(request.codec, MessageCodec::kJson);
  EXPECT_FALSE(
      ReadConnectHeaders(RequestWith({{"content-type", "Application/JSON; charset=\"UTF-8\""}}), &request));
  EXPECT_FALSE(ReadConnectHeaders(
      RequestWith({{"content-type", "application/proto"}, {"connect-protocol-version", "1"}}), &request));
  EXPECT_EQ(request.codec, MessageCodec::kProto);
}

TEST(ConnectProtocolTest, RefusesOtherMediaTypes) {
  for (const char* type : {"", "text/plain", "application/json; charset=latin1", "application/grpc"}) {
    const auto refusal = RefusalOf({{"content-type", type}});
    ASSERT_TRUE(refusal) << type;
    EXPECT_EQ(refusal->http_status, 415);
    EXPECT_THAT(refusal->status, HasReason("MEDIA_TYPE_UNSUPPORTED"));
  }
}

TEST(ConnectProtocolTest, ReadsTheTimeout) {
  ConnectRequest request;
  EXPECT_FALSE(ReadConnectHeaders(
      RequestWith({{"content-type", "application/json"}, {"connect-timeout-ms", "1500"}}), &request));
  EXPECT_EQ(request.timeout, absl::Milliseconds(1500));
  for (const char* wrong : {"-1", "1s", "12345678901", " 5", "0x5"}) {
    EXPECT_THAT(RefusalOf({{"content-type", "application/json"}, {"connect-timeout-ms", wrong}})->status,
                HasReason("INVALID_HEADER"))
        << wrong;
  }
}

TEST(ConnectProtocolTest, RefusesOtherVersionsAndEncodings) {
  EXPECT_THAT(RefusalOf({{"content-type", "application/json"}, {"connect-protocol-version", "2"}})->status,
              HasReason("INVALID_HEADER"));
  const auto refusal = RefusalOf({{"content-type", "application/json"}, {"content-encoding", "gzip"}});
  EXPECT_THAT(refusal->status, HasReason("ENCODING_UNSUPPORTED"));
  EXPECT_THAT(std::string(refusal->status.message()), HasSubstr("identity"));
  EXPECT_FALSE(RefusalOf({{"content-type", "application/json"}, {"content-encoding", "identity"}}));
}

TEST(ConnectErrorTest, SaysCodeMessageAndDetails) {
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "it is wrong")
                                  .With("field", "name")
                                  .Violation("name", "got nothing");
  const http::Response response = ConnectError(status);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(http::Find(response.headers, "content-type"), "application/json");
  const auto error = nlohmann::json::parse(response.body);
  EXPECT_EQ(error["code"], "invalid_argument");
  EXPECT_EQ(error["message"], "it is wrong");
  ASSERT_EQ(error["details"].size(), 2U);
  for (const auto& detail : error["details"]) {
    const std::string value = detail["value"];
    EXPECT_THAT(value, Not(HasSubstr("=")));
    if (detail["type"] != "google.rpc.ErrorInfo") continue;
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(value, &bytes));
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(info.ParseFromString(bytes));
    EXPECT_EQ(info.reason(), "INVALID_FIELD");
    EXPECT_EQ(info.domain(), "cognate");
    EXPECT_EQ(detail["debug"]["metadata"]["field"], "name");
  }
}

TEST(ConnectErrorTest, EveryErrorHasAReason) {
  const auto error = nlohmann::json::parse(ConnectErrorJson(absl::DeadlineExceededError("late")));
  EXPECT_EQ(error["code"], "deadline_exceeded");
  EXPECT_EQ(error["details"][0]["debug"]["reason"], "DEADLINE_EXCEEDED");
}

TEST(ConnectErrorTest, SaysWhenToComeAgain) {
  const http::Response response =
      ConnectError(Error(absl::StatusCode::kUnavailable, "GATEWAY_OVERLOADED", "later")
                       .RetryAfter(absl::Milliseconds(1200)));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(http::Find(response.headers, "retry-after"), "2");
}

TEST(ConnectErrorTest, TheStatusesAreThoseOfTheProtocol) {
  const std::pair<absl::StatusCode, int> statuses[] = {
      {absl::StatusCode::kCancelled, 499},          {absl::StatusCode::kUnknown, 500},
      {absl::StatusCode::kInvalidArgument, 400},    {absl::StatusCode::kDeadlineExceeded, 504},
      {absl::StatusCode::kNotFound, 404},           {absl::StatusCode::kAlreadyExists, 409},
      {absl::StatusCode::kPermissionDenied, 403},   {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kFailedPrecondition, 400}, {absl::StatusCode::kAborted, 409},
      {absl::StatusCode::kOutOfRange, 400},         {absl::StatusCode::kUnimplemented, 501},
      {absl::StatusCode::kInternal, 500},           {absl::StatusCode::kUnavailable, 503},
      {absl::StatusCode::kDataLoss, 500},           {absl::StatusCode::kUnauthenticated, 401}};
  for (const auto& [code, status] : statuses) EXPECT_EQ(HttpStatus(code), status) << code;
}

TEST(ProxiesTest, BelievesNobodyUnlessToldSo) {
  const http::Request request = RequestWith({{"x-forwarded-for", "192.0.2.1"}});
  EXPECT_EQ(Proxies({}).ClientOf(request), "203.0.113.7");
  EXPECT_EQ(Proxies({"10.0.0.0/8"}).ClientOf(request), "203.0.113.7");
}

TEST(ProxiesTest, FindsTheNearestAddressThatIsNoProxy) {
  const Proxies proxies({"203.0.113.0/24", "10.0.0.0/8"});
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "192.0.2.1"}})), "192.0.2.1");
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "6.6.6.6, 192.0.2.1, 10.1.1.1"}})), "192.0.2.1")
      << "what the client itself said before is not looked at";
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-for", "192.0.2.1"}})),
            "192.0.2.1");
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "2001:db8::7"}})), "2001:db8::7");
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "no address"}})), "203.0.113.7");
  EXPECT_EQ(proxies.ClientOf(RequestWith({{"x-forwarded-for", "0.0.0.0/0"}})), "203.0.113.7");
  EXPECT_EQ(proxies.ClientOf(RequestWith({})), "203.0.113.7");
  http::Request local = RequestWith({{"x-forwarded-for", "192.0.2.1"}});
  local.address = "local";
  EXPECT_EQ(proxies.ClientOf(local), "local");
  EXPECT_EQ(Proxies({"local"}).ClientOf(local), "192.0.2.1");
}

TEST(MetadataTest, NothingThatTheClientSaysOfOthersIsPassedOn) {
  const Metadata metadata = MetadataOf(RequestWith({{"authorization", "Bearer cgk_1"},
                                                    {"x-cognate-forwarded-for", "127.0.0.1"},
                                                    {"x-cognate-forwarded-authorization", "Bearer other"},
                                                    {"traceparent", "00-1-2-01"},
                                                    {"cookie", "a=b"},
                                                    {"grpc-timeout", "1S"}}),
                                       "192.0.2.1", "r1");
  EXPECT_THAT(metadata,
              ::testing::UnorderedElementsAre(
                  ::testing::Pair("x-cognate-forwarded-for", "192.0.2.1"),
                  ::testing::Pair("x-cognate-forwarded-authorization", "Bearer cgk_1"),
                  ::testing::Pair("traceparent", "00-1-2-01"), ::testing::Pair("x-request-id", "r1")));
}

TEST(CorsTest, IsOffUnlessOriginsAreNamed) {
  const http::Request preflight = [] {
    http::Request request =
        RequestWith({{"origin", "https://a.example"}, {"access-control-request-method", "POST"}});
    request.method = "OPTIONS";
    return request;
  }();
  EXPECT_FALSE(Cors({}).IsPreflight(preflight));
  EXPECT_FALSE(Cors({"https://b.example"}).IsPreflight(preflight));
  const Cors cors({"https://a.example"});
  ASSERT_TRUE(cors.IsPreflight(preflight));
  EXPECT_EQ(http::Find(cors.Preflight(preflight).headers, "access-control-allow-origin"),
            "https://a.example");
  http::Headers headers;
  Cors({}).AddHeaders(preflight, headers);
  EXPECT_TRUE(headers.empty());
  Cors({"https://b.example"}).AddHeaders(preflight, headers);
  EXPECT_EQ(http::Find(headers, "access-control-allow-origin"), "");
}

TEST(QueryTest, DecodesValues) {
  EXPECT_EQ(ValueOrDie(QueryValue("a=1&message=%7B%22a%22%3A+1%7D", "message")), "{\"a\": 1}");
  EXPECT_EQ(ValueOrDie(QueryValue("a=1", "message")), "");
  EXPECT_THAT(QueryValue("message=%7", "message").status(), HasReason("INVALID_FIELD"));
  EXPECT_THAT(QueryValue("message=%zz", "message").status(), HasReason("INVALID_FIELD"));
}

TEST(RpcTableTest, HasEveryRpcOfTheContractsAndAPlaceForIt) {
  const RpcTable rpcs(config::Peers{});
  std::vector<const google::protobuf::FileDescriptor*> files;
  size_t count = 0;
  for (const auto& [path, entry] : rpcs.entries()) {
    EXPECT_NE(entry.address, "") << path;
    files.push_back(entry.method->file());
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (const auto* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j, ++count) {
        const auto* method = file->service(i)->method(j);
        EXPECT_NE(rpcs.Find(absl::StrCat("/", file->service(i)->full_name(), "/", method->name())), nullptr)
            << method->full_name();
      }
    }
  }
  EXPECT_EQ(count, rpcs.entries().size());
  EXPECT_GT(count, 80U);
}

TEST(HeadersFuzzTest, LivesThroughMutatedHeaders) {
  const std::vector<std::string> corpus = {"application/json; charset=utf-8",
                                           "1500",
                                           "192.0.2.1, 10.0.0.1",
                                           "a=1&message=%7B%7D",
                                           "Bearer cgk_abc",
                                           "https://a.example",
                                           "2001:db8::1"};
  const Proxies proxies({"203.0.113.0/24", "::/0"});
  const Cors cors({"https://a.example"});
  test_support::Fuzz("gateway_headers", corpus, [&](absl::string_view input) {
    const std::string text(input);
    const http::Request request = RequestWith({{"content-type", text},
                                               {"connect-timeout-ms", text},
                                               {"connect-protocol-version", text},
                                               {"content-encoding", text},
                                               {"x-forwarded-for", text},
                                               {"authorization", text},
                                               {"traceparent", text},
                                               {"origin", text}});
    ConnectRequest read;
    ReadConnectHeaders(request, &read);
    for (const auto& [key, value] : MetadataOf(request, proxies.ClientOf(request), "r1")) {
      for (const unsigned char c : value) ASSERT_TRUE(c >= ' ' && c < 0x7f);
    }
    http::Headers headers;
    cors.AddHeaders(request, headers);
    QueryValue(text, "message").IgnoreError();
  });
}

}  // namespace
}  // namespace cognate::gateway
