// The gateway of `cognate up`: who calls, what can be called, and what it costs.
#include <algorithm>

#include <grpcpp/client_context.h>

#include "absl/time/clock.h"
#include "cognate/v1/audit_service.grpc.pb.h"
#include "cognate/v1/event_service.grpc.pb.h"
#include "common/access/forwarded.h"
#include "common/access/methods.h"
#include "common/access/scopes.h"
#include "common/grpc/status.h"
#include "google/protobuf/descriptor.h"
#include "tests/end_to_end/gateway_fixture.h"

namespace cognate {
namespace {

using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using GatewayTest = GatewayFixture;

TEST_F(GatewayTest, EveryRpcIsThereAndNoneForNobody) {
  StartUp();
  int there = 0;
  for (const access::Method& method : access::Methods()) {
    const std::string name(method.name);
    const auto* const descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
        absl::StrCat("cognate.v1.", std::string(name).replace(name.find('/'), 1, ".")));
    ASSERT_NE(descriptor, nullptr) << name;
    const HttpAnswer answer = Post(name, "{}");
    if (descriptor->client_streaming() || descriptor->server_streaming()) {
      EXPECT_EQ(ReasonOf(answer), "STREAM_NOT_SUPPORTED") << name;
    } else if (method.scope == access::kAnyone) {
      EXPECT_EQ(ReasonOf(answer), "TOKEN_INVALID") << name << answer.body;
    } else {
      EXPECT_EQ(answer.status, 401) << name << answer.body;
      EXPECT_EQ(ReasonOf(answer), "KEY_MISSING") << name << answer.body;
    }
    ++there;
  }
  std::printf("figure gateway.rpcs reachable=%d\n", there);
  EXPECT_GT(there, 90);
  HttpCall watch;
  watch.url = url_ + "/v1/watch";
  watch.method = "GET";
  EXPECT_EQ(ReasonOf(HttpClient().Call(watch)), "KEY_MISSING");
}

TEST_F(GatewayTest, APlatformsKeyIsThatPlatformsAlone) {
  StartUp();
  MakePlatform("own");
  MakePlatform("other");
  const std::string key = MakeKey(v1::ROLE_PLATFORM, "own").secret();
  EXPECT_EQ(Post("PlatformRegistryService/GetPlatform", R"({"name": "platforms/own"})", key).status, 200);
  EXPECT_EQ(ReasonOf(Post("PlatformRegistryService/GetPlatform", R"({"name": "platforms/other"})", key)),
            "NOT_YOUR_PLATFORM");
  EXPECT_EQ(ReasonOf(Post("PlatformRegistryService/ListPlatforms", "{}", key)), "SCOPE_MISSING");
  EXPECT_EQ(ReasonOf(Post("LedgerService/Resolve", "{}", key)), "SCOPE_MISSING");
  EXPECT_EQ(ReasonOf(Post("PlatformRegistryService/ListPlatforms", "{}", key + "x")), "KEY_INVALID");
}

TEST_F(GatewayTest, WhatAClientSaysOfOthersChangesNothing) {
  StartUp();
  MakePlatform("own");
  const std::string key = MakeKey(v1::ROLE_PLATFORM, "own").secret();
  const std::string strong = MakeKey(v1::ROLE_OPERATOR).secret();
  const std::vector<std::string> forged = {"x-cognate-forwarded-for: 127.0.0.1",
                                           absl::StrCat("x-cognate-forwarded-authorization: Bearer ", strong),
                                           "x-forwarded-for: 127.0.0.1", "grpc-x: y"};
  EXPECT_EQ(ReasonOf(Post("PlatformRegistryService/ListPlatforms", "{}", "", forged)), "KEY_MISSING");
  EXPECT_EQ(ReasonOf(Post("PlatformRegistryService/ListPlatforms", "{}", key, forged)), "SCOPE_MISSING");
  // Neither does it over gRPC from who is no service.
  const auto registry = v1::PlatformRegistryService::NewStub(grpc_support::MakeChannel(tcp_address_));
  const auto list = [&](const std::string& own_key, const std::string& forwarded_key) {
    grpc::ClientContext context;
    if (!own_key.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", own_key));
    if (!forwarded_key.empty()) {
      context.AddMetadata(access::kForwardedForKey, "127.0.0.1");
      context.AddMetadata(access::kForwardedAuthorizationKey, absl::StrCat("Bearer ", forwarded_key));
    }
    v1::ListPlatformsResponse response;
    return ErrorReason(grpc_support::FromGrpcStatus(
        registry->ListPlatforms(&context, v1::ListPlatformsRequest(), &response)));
  };
  EXPECT_EQ(list("", ""), "") << "--anonymous-role";
  EXPECT_EQ(list(key, ""), "SCOPE_MISSING");
  EXPECT_EQ(list(key, strong), "SCOPE_MISSING");
  EXPECT_EQ(list("", strong), "KEY_MISSING");
}

TEST_F(GatewayTest, AKeysAddressesAreThoseOfWhoCallsTheGateway) {
  StartUp({"--http-trusted-proxies=127.0.0.2"});
  const std::string key = MakeKey(v1::ROLE_VIEWER, "", "203.0.113.0/24").secret();
  const std::vector<std::string> header = {"x-forwarded-for: 203.0.113.7"};
  const HttpAnswer refused = Post("PlatformRegistryService/ListPlatforms", "{}", key, header);
  EXPECT_EQ(ReasonOf(refused), "CALLER_ADDRESS_REFUSED");
  EXPECT_THAT(refused.body, HasSubstr("127.0.0.1"));
  HttpCall by_proxy;
  by_proxy.url = Rpc("PlatformRegistryService/ListPlatforms");
  by_proxy.headers = {"content-type: application/json", absl::StrCat("authorization: Bearer ", key),
                      header[0]};
  by_proxy.body = "{}";
  by_proxy.from = "127.0.0.2";
  EXPECT_EQ(HttpClient().Call(by_proxy).status, 200);
  by_proxy.headers.back() = "x-forwarded-for: 203.0.113.7, 198.51.100.1";
  EXPECT_EQ(ReasonOf(HttpClient().Call(by_proxy)), "CALLER_ADDRESS_REFUSED");
}

TEST_F(GatewayTest, TheAuditNamesWhoCalledAndFromWhere) {
  StartUp();
  const v1::CreateKeyResponse key = MakeKey(v1::ROLE_OPERATOR);
  const HttpAnswer made = Post(
      "PlatformRegistryService/CreatePlatform",
      R"({"platform": {"name": "platforms/shop", "kind": "PLATFORM_KIND_AGENT", "channel": "CHANNEL_AGENT"}})",
      key.secret(), {"x-request-id: the-one"});
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Header("x-request-id"), "the-one");
  const auto audit = v1::AuditService::NewStub(local_);
  const auto entries =
      ValueOrDie(grpc_support::Call(*audit, &v1::AuditService::Stub::ListAuditEntries,
                                    v1::ListAuditEntriesRequest(), {.timeout = test_support::kPatience}));
  int found = 0;
  for (const v1::AuditEntry& entry : entries.entries()) {
    if (entry.request_id() != "the-one") continue;
    ++found;
    EXPECT_EQ(entry.principal(), key.key().name());
    EXPECT_EQ(entry.address(), "127.0.0.1");
    EXPECT_EQ(entry.target(), "platforms/shop");
  }
  EXPECT_EQ(found, 2) << "beginning and end";
}

TEST_F(GatewayTest, EventsAreHeardAndGoneOnWith) {
  StartUp();
  const std::string key = MakeKey(v1::ROLE_VIEWER).secret();
  const auto events = v1::EventService::NewStub(local_);
  const auto tell = [&](const std::string& platform) {
    v1::TellEventsRequest request;
    v1::Event& event = *request.add_events();
    event.set_kind(v1::EVENT_KIND_CONFLICT);
    event.set_event_id(platform);
    event.mutable_target()->set_platform(platform);
    const auto told = grpc_support::Call(*events, &v1::EventService::Stub::TellEvents, request,
                                         {.timeout = test_support::kPatience});
    EXPECT_THAT(told, test_support::IsOk());
  };
  HttpCall call;
  call.url = url_ + "/v1/watch?message=%7B%22filter%22%3A%7B%22platforms%22%3A%5B%22shop%22%5D%7D%7D";
  call.method = "GET";
  call.headers = {absl::StrCat("authorization: Bearer ", key)};
  call.until = "heartbeat";
  const std::string start = HttpClient().Call(call).body;
  const size_t id = start.find("id: ");
  ASSERT_NE(id, std::string::npos) << start;
  tell("blog");
  tell("shop");
  call.headers.push_back(
      absl::StrCat("last-event-id: ", start.substr(id + 4, start.find('\n', id) - id - 4)));
  call.until = "\"shop\"";
  call.http2 = true;
  const HttpAnswer heard = HttpClient().Call(call);
  EXPECT_EQ(heard.status, 200);
  EXPECT_EQ(heard.Header("content-type"), "text/event-stream");
  EXPECT_THAT(heard.body, AllOf(HasSubstr("EVENT_KIND_CONFLICT"), ::testing::Not(HasSubstr("\"blog\""))));
}

// Median of `count` alternating calls of each, in milliseconds.
template <typename First, typename Second>
std::pair<double, double> Medians(int count, First first, Second second) {
  std::vector<double> firsts;
  std::vector<double> seconds;
  const auto timed = [](auto& call) {
    const absl::Time start = absl::Now();
    call();
    return absl::ToDoubleMilliseconds(absl::Now() - start);
  };
  for (int i = 0; i < count; ++i) {
    firsts.push_back(timed(first));
    seconds.push_back(timed(second));
  }
  const auto median = [](std::vector<double>& values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
  };
  return {median(firsts), median(seconds)};
}

TEST_F(GatewayTest, ACallAsJsonCostsLittleMoreThanTheCallThatItMakes) {
  StartUp();
  MakePlatform("shop");
  const std::string key = MakeKey(v1::ROLE_VIEWER).secret();
  const auto registry = v1::PlatformRegistryService::NewStub(grpc_support::MakeChannel(tcp_address_));
  v1::GetPlatformRequest request;
  request.set_name("platforms/shop");
  HttpCall call;
  call.url = Rpc("PlatformRegistryService/GetPlatform");
  call.headers = {"content-type: application/json", absl::StrCat("authorization: Bearer ", key)};
  call.body = R"({"name": "platforms/shop"})";
  HttpClient client;
  int failed = 0;
  const auto as_json = [&] { failed += client.Call(call).status == 200 ? 0 : 1; };
  const auto as_grpc = [&] {
    const auto answer = grpc_support::Call(
        *registry, &v1::PlatformRegistryService::Stub::GetPlatform, request,
        {.timeout = test_support::kPatience, .authorization = absl::StrCat("Bearer ", key)});
    failed += answer.ok() ? 0 : 1;
  };
  Medians(50, as_json, as_grpc);
  const auto [json, grpc] = Medians(1000, as_json, as_grpc);
  EXPECT_EQ(failed, 0);
  std::printf("figure gateway.json_overhead ms=%.3f json_ms=%.3f grpc_ms=%.3f\n", json - grpc, json, grpc);
}

}  // namespace
}  // namespace cognate
