// The gateway in front of services of the test's own.
#include "services/gateway/server.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock/clock.h"
#include "common/grpc/host.h"
#include "common/health/readiness.h"
#include "common/metrics/metrics.h"
#include "common/trace/span_queue.h"
#include "common/worker/worker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/testing/fake_services.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::gateway {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::IsOk;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kGetPlatform[] = "/cognate.v1.PlatformRegistryService/GetPlatform";

class GatewayServerTest : public ::testing::Test {
 protected:
  ~GatewayServerTest() override {
    registry_.released = true;
    server_.reset();
    host_->Shutdown(absl::ZeroDuration());
  }

  void Start(Config config = {}) {
    host_ = ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("grpc.sock"))}}, {&registry_, &feedback_}));
    const std::string address = host_->address();
    config.peers = {address, address, address, address, address, address};
    config.http = {"127.0.0.1:0"};
    server_ = ValueOrDie(Server::Create(config, {Clock::Real(), metrics_, readiness_}));
    ASSERT_THAT(server_->Start(), IsOk());
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", server_->port(), path);
  }
  HttpAnswer Get(const std::string& platform, std::vector<std::string> headers = {}) {
    HttpCall call;
    call.url = Url(kGetPlatform);
    call.headers = std::move(headers);
    call.headers.push_back("content-type: application/json");
    call.body = absl::StrCat(R"({"name": ")", platform, R"("})");
    return HttpClient().Call(call);
  }
  HttpAnswer Watch(const std::string& token, const std::string& until) {
    HttpCall call;
    call.url = Url("/v1/watch");
    call.method = "GET";
    if (!token.empty()) call.headers = {absl::StrCat("last-event-id: ", token)};
    call.until = until;
    return HttpClient().Call(call);
  }

  static std::string ReasonOf(const HttpAnswer& answer) {
    const auto error = nlohmann::json::parse(answer.body, nullptr, false);
    if (error.is_discarded()) return answer.body;
    for (const auto& detail : error["details"]) {
      if (detail["type"] == "google.rpc.ErrorInfo") return detail["debug"]["reason"];
    }
    return "";
  }

  test_support::TempDir directory_{"gw"};
  FakeRegistry registry_;
  FakeFeedback feedback_;
  metrics::Registry metrics_;
  health::Readiness readiness_;
  std::unique_ptr<grpc_support::Host> host_;
  std::unique_ptr<Server> server_;
};

TEST_F(GatewayServerTest, CallsAndAnswersAsJson) {
  Start();
  const HttpAnswer answer = Get("shop");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({"platform":{"name":"shop"}})");
  EXPECT_EQ(answer.Header("content-type"), "application/json");
  EXPECT_THAT(answer.Header("x-request-id"), Not(""));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("cognate_gateway_requests_total{code=\"OK\",method=\"PlatformRegistryService/"
                        "GetPlatform\"} 1"));
}

TEST_F(GatewayServerTest, CallsAndAnswersInBinary) {
  Start();
  v1::GetPlatformRequest request;
  request.set_name("shop");
  HttpCall call;
  call.url = Url(kGetPlatform);
  call.headers = {"content-type: application/proto"};
  call.body = request.SerializeAsString();
  call.http2 = true;
  const HttpAnswer answer = HttpClient().Call(call);
  EXPECT_EQ(answer.Header("content-type"), "application/proto");
  v1::GetPlatformResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.body));
  EXPECT_EQ(response.platform().name(), "shop");
}

TEST_F(GatewayServerTest, PassesOnWhoCallsAndNothingThatTheCallerSaysOfOthers) {
  constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  Start();
  const HttpAnswer answer =
      Get("who", {"authorization: Bearer cgk_mine", "x-cognate-forwarded-for: 6.6.6.6",
                  "x-cognate-forwarded-authorization: Bearer forged", "x-forwarded-for: 6.6.6.6",
                  absl::StrCat("traceparent: ", kTraceparent), "x-request-id: mine"});
  EXPECT_EQ(nlohmann::json::parse(answer.body)["platform"]["displayName"],
            absl::StrCat("127.0.0.1 Bearer cgk_mine (nothing) ", kTraceparent, " mine"));
  EXPECT_EQ(answer.Header("x-request-id"), "mine");
}

TEST_F(GatewayServerTest, BeginsATraceWhereTheCallerHasNone) {
  Start();
  for (const char* given : {"traceparent: 00-ab-cd-01", "x-none: 1"}) {
    const HttpAnswer answer = Get("who", {given, "x-request-id: mine"});
    const std::string said = nlohmann::json::parse(answer.body)["platform"]["displayName"];
    EXPECT_THAT(said, ::testing::HasSubstr(" 00-")) << given;
    EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("-ab-"))) << given;
  }
}

// Of what it is told, whom the services hear that they are a part of.
class GatewayTraceTest : public GatewayServerTest {
 protected:
  ~GatewayTraceTest() override { trace::SpanQueue::The().Close(); }

  void Record(double ratio) {
    trace::SpanQueue::The().Open(ratio, 64, [] {});
  }
  trace::SpanContext Heard(const std::string& traceparent) {
    const HttpAnswer answer = Get("who", {"traceparent: " + traceparent, "x-request-id: mine"});
    const std::string said = nlohmann::json::parse(answer.body)["platform"]["displayName"];
    const size_t begin = said.find(" 00-");
    return trace::ParseTraceparent(said.substr(begin + 1, 55)).value_or(trace::SpanContext());
  }

  static constexpr char kSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  static constexpr char kNotSampled[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
};

TEST_F(GatewayTraceTest, AStrangersTraceIsSampledAsTheProcessSays) {
  Start();
  Record(0);
  EXPECT_FALSE(Heard(kSampled).sampled);
  EXPECT_TRUE(Heard(kSampled).SameTrace(*trace::ParseTraceparent(kSampled))) << "it keeps its id";
  // Nor by an id that is always among the first.
  Record(1e-9);
  EXPECT_FALSE(Heard("00-00000000000000010000000000000000-b7ad6b7169203331-01").sampled);
  Record(1);
  EXPECT_TRUE(Heard(kNotSampled).sampled);
}

TEST_F(GatewayTraceTest, ATrustedProxySaysWhatIsSampled) {
  Start({.trusted_proxies = {"127.0.0.0/8"}});
  Record(0);
  EXPECT_TRUE(Heard(kSampled).sampled);
  Record(1);
  EXPECT_FALSE(Heard(kNotSampled).sampled);
}

TEST_F(GatewayServerTest, BelievesTheProxiesThatItIsToldOf) {
  Start({.trusted_proxies = {"127.0.0.0/8"}});
  EXPECT_THAT(Get("who", {"x-forwarded-for: 6.6.6.6, 203.0.113.7"}).body, HasSubstr("203.0.113.7 "));
}

TEST_F(GatewayServerTest, MetadataOfTheAnswerBecomesHeaders) {
  Start();
  const HttpAnswer answer = Get("metadata");
  EXPECT_EQ(answer.Header("x-leading"), "first");
  EXPECT_EQ(answer.Header("trailer-x-trailing"), "last");
  EXPECT_EQ(answer.Header("trailer-x-bytes-bin"), "AP8");
}

TEST_F(GatewayServerTest, ErrorsKeepTheirDetails) {
  Start();
  const HttpAnswer answer = Get("wrong");
  EXPECT_EQ(answer.status, 404);
  const auto error = nlohmann::json::parse(answer.body);
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ(error["message"], "not there");
  EXPECT_EQ(ReasonOf(answer), "PLATFORM_NOT_FOUND");
  EXPECT_EQ(error["details"][0]["debug"]["metadata"]["platform"], "wrong");
}

TEST_F(GatewayServerTest, RefusesWhatItDoesNotUnderstandBeforeAnybodyIsAsked) {
  Start();
  HttpCall call;
  call.url = Url(kGetPlatform);
  call.headers = {"content-type: application/json"};
  call.body = R"({"nam": "shop"})";
  EXPECT_EQ(HttpClient().Call(call).status, 400);
  EXPECT_EQ(ReasonOf(HttpClient().Call(call)), "INVALID_FIELD");
  call.body = "{";
  EXPECT_EQ(ReasonOf(HttpClient().Call(call)), "MALFORMED_JSON");
  call.headers = {"content-type: text/plain"};
  EXPECT_EQ(HttpClient().Call(call).status, 415);
  call.headers = {"content-type: application/json", "content-encoding: gzip"};
  EXPECT_EQ(HttpClient().Call(call).status, 501);
  call.method = "GET";
  EXPECT_EQ(HttpClient().Call(call).status, 405);
  EXPECT_EQ(HttpClient().Call(call).Header("allow"), "POST");
  call.method = "POST";
  call.url = Url("/cognate.v1.PlatformRegistryService/Conquer");
  EXPECT_EQ(HttpClient().Call(call).status, 404);
  EXPECT_EQ(ReasonOf(HttpClient().Call(call)), "METHOD_NOT_FOUND");
  EXPECT_EQ(registry_.calls, 0);
}

TEST_F(GatewayServerTest, ACallEndsAtTheCallersTime) {
  Start();
  const HttpAnswer answer = Get("wait", {"connect-timeout-ms: 200"});
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(ReasonOf(answer), "DEADLINE_EXCEEDED");
  EXPECT_TRUE(Eventually([&] { return registry_.cancelled == 1; }));
  Get("shop", {"connect-timeout-ms: 30000"});
  EXPECT_LE(registry_.left_milliseconds, 31'000);  // The library rounds up.
}

TEST_F(GatewayServerTest, NoCallIsLongerThanTheLongest) {
  Start({.longest_call = absl::Seconds(100)});
  Get("shop", {"connect-timeout-ms: 9999999999"});
  EXPECT_LE(registry_.left_milliseconds, 101'000);
  Get("shop");
  EXPECT_LE(registry_.left_milliseconds, 61'000);
}

TEST_F(GatewayServerTest, AClientThatHangsUpEndsItsCall) {
  Start();
  HttpCall call;
  call.url = Url(kGetPlatform);
  call.headers = {"content-type: application/json"};
  call.body = R"({"name": "wait"})";
  call.timeout = absl::Milliseconds(300);
  for (const bool http2 : {false, true}) {
    call.http2 = http2;
    EXPECT_EQ(HttpClient().Call(call).status, 0);
    EXPECT_TRUE(Eventually([&] { return registry_.cancelled == (http2 ? 2 : 1); }));
  }
  EXPECT_THAT(metrics_.Text(), HasSubstr("code=\"CANCELLED\""));
}

TEST_F(GatewayServerTest, CarriesLargeMessages) {
  Start();
  const HttpAnswer answer = Get(absl::StrCat("large", std::string(size_t{6} << 20, 'y')));
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(answer.body.size(), size_t{8} << 20);
}

TEST_F(GatewayServerTest, RefusesAnAnswerThatIsTooLarge) {
  Start({.max_response_bytes = 1 << 20});
  const HttpAnswer answer = Get("large");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(ReasonOf(answer), "RESPONSE_TOO_LARGE");
}

TEST_F(GatewayServerTest, SaysRefusalsOfTheServerInTheSameWords) {
  Start({.max_request_bytes = 1024});
  const HttpAnswer answer = Get(std::string(5000, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(nlohmann::json::parse(answer.body)["code"], "resource_exhausted");
  EXPECT_EQ(ReasonOf(answer), "BODY_TOO_LARGE");
}

TEST_F(GatewayServerTest, SaysThatNobodyAnswersWithoutTellingWhere) {
  Start();
  host_->Shutdown(absl::ZeroDuration());
  const HttpAnswer answer = Get("shop");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ReasonOf(answer), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(answer.Header("retry-after"), "1");
  EXPECT_THAT(answer.body, Not(HasSubstr("grpc.sock")));
}

TEST_F(GatewayServerTest, NamesTheWayToGoForStreams) {
  Start();
  HttpCall call;
  call.url = Url("/cognate.v1.FeedbackService/Watch");
  call.headers = {"content-type: application/json"};
  call.body = "{}";
  HttpAnswer answer = HttpClient().Call(call);
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(ReasonOf(answer), "STREAM_NOT_SUPPORTED");
  EXPECT_THAT(answer.body, HasSubstr("/v1/watch"));
  call.headers = {"content-type: application/connect+json"};
  answer = HttpClient().Call(call);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body[0], '\x02');
  EXPECT_THAT(answer.body.substr(5), StartsWith("{\"error\":{\"code\":\"unimplemented\""));
}

TEST_F(GatewayServerTest, TellsEventsAsTheyCome) {
  Start();
  const HttpAnswer answer = Watch("", "\"shop\"");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("content-type"), "text/event-stream");
  EXPECT_THAT(answer.body,
              StartsWith("retry: 2000\n\nid: from-\n: heartbeat\n\nid: next\ndata: {\"events\":["));
  EXPECT_TRUE(Eventually([&] { return feedback_.cancelled == 1; })) << "the client has hung up";
}

TEST_F(GatewayServerTest, GoesOnAfterTheLastEventThatWasHeard) {
  Start();
  EXPECT_THAT(Watch("e7.0", "heartbeat").body, HasSubstr("id: from-e7.0\n"));
  HttpCall call;
  call.url = Url("/v1/watch?message=%7B%22resumeToken%22%3A%22e8.0%22%7D");
  call.method = "GET";
  call.until = "heartbeat";
  EXPECT_THAT(HttpClient().Call(call).body, HasSubstr("id: from-e8.0\n"));
  call.url = Url("/v1/watch");
  call.method = "POST";
  call.headers = {"content-type: application/json", "accept: text/event-stream"};
  call.body = R"({"resumeToken": "e9.0"})";
  EXPECT_THAT(HttpClient().Call(call).body, HasSubstr("id: from-e9.0\n"));
  call.body = R"({"nope": 1})";
  EXPECT_EQ(HttpClient().Call(call).status, 400);
}

TEST_F(GatewayServerTest, ErrorsOfAStreamAreToldBeforeAndWithinIt) {
  Start();
  const HttpAnswer before = Watch("expired", "");
  EXPECT_EQ(before.status, 400);
  EXPECT_EQ(ReasonOf(before), "RESUME_TOKEN_EXPIRED");
  const HttpAnswer within = Watch("fails", "");
  EXPECT_EQ(within.status, 200);
  EXPECT_THAT(within.body,
              AllOf(HasSubstr("event: error\ndata: {\"code\":\"unavailable\""), HasSubstr("GONE_AWAY")));
}

TEST_F(GatewayServerTest, KeepsNothingForAWatcherThatReadsSlowly) {
  Start();
  for (const bool http2 : {false, true}) {
    HttpCall call;
    call.url = Url("/v1/watch");
    call.method = "GET";
    call.headers = {"last-event-id: flood"};
    call.http2 = http2;
    call.until = "\"xxx";  // The client stops to read in the first event, and then hangs up.
    call.pause = [&] {
      // Until no more is taken from the service: what is under way is in the sockets.
      int before = -1;
      Eventually([&] {
        const int now = feedback_.written;
        absl::SleepFor(absl::Milliseconds(200));
        return std::exchange(before, now) == now;
      });
    };
    const int already = feedback_.written;
    HttpClient().Call(call);
    EXPECT_LT(feedback_.written - already, 60) << "MiB of 200";
    EXPECT_TRUE(Eventually([&] { return feedback_.cancelled == (http2 ? 2 : 1); }));
  }
}

TEST_F(GatewayServerTest, PagesOfOtherOriginsMayCallOnlyIfToldSo) {
  Start({.allowed_origins = {"https://a.example"}});
  HttpCall call;
  call.url = Url(kGetPlatform);
  call.method = "OPTIONS";
  call.headers = {"origin: https://a.example", "access-control-request-method: POST"};
  const HttpAnswer preflight = HttpClient().Call(call);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.Header("access-control-allow-headers"), HasSubstr("authorization"));
  EXPECT_EQ(Get("shop", {"origin: https://a.example"}).Header("access-control-allow-origin"),
            "https://a.example");
  EXPECT_EQ(Get("shop", {"origin: https://b.example"}).Header("access-control-allow-origin"), "");
  call.headers = {"origin: https://b.example", "access-control-request-method: POST"};
  EXPECT_EQ(HttpClient().Call(call).status, 405);
}

TEST_F(GatewayServerTest, CallsUnderWayAreAnsweredWhenTheProcessEnds) {
  Start();
  HttpAnswer answer;
  Worker client("client", [&](StopToken&) { answer = Get("wait"); });
  EXPECT_TRUE(Eventually([&] { return registry_.calls == 1; }));
  Worker drain("drain", [&](StopToken&) { server_->Drain(); });
  EXPECT_TRUE(Eventually([&] { return Get("shop").status != 200; })) << "nobody new is let in";
  registry_.released = true;
  client.Stop();
  drain.Stop();
  EXPECT_EQ(answer.status, 200) << answer.error;
}

TEST_F(GatewayServerTest, AnAddressThatOthersReachWantsTls) {
  Start();
  grpc_support::HostOptions host = {.plaintext = false};
  service::Environment environment{Clock::Real(), metrics_, readiness_, nullptr, &host};
  EXPECT_THAT(Server::Create({.http = {"0.0.0.0:0"}}, environment).status(), HasReason("PLAINTEXT_REFUSED"));
  EXPECT_THAT(Server::Create({.http = {"127.0.0.1:0", "unix:/tmp/x"}}, environment).status(), IsOk());
  host.plaintext = true;
  EXPECT_THAT(Server::Create({.http = {"0.0.0.0:0"}}, environment).status(), IsOk());
}

}  // namespace
}  // namespace cognate::gateway
