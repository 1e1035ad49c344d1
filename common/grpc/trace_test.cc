// A trace goes through calls: from who calls into the handler, its logs, and the calls that it makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/grpc/channel.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "common/log/log.h"
#include "common/sync/mutex.h"
#include "common/trace/exporter.h"
#include "tests/support/otlp_receiver.h"
#include "tests/support/status_matchers.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::ReceivedSpan;
using ::cognate::test_support::ValueOrDie;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kCaller[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr char kTraceId[] = "0af7651916cd43dd8448eb211c80319c";

class TraceTest : public ::testing::Test {
 protected:
  TraceTest() {
    registry_.handler = [this](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
      MutexLock lock(&mutex_);
      seen_ = trace::Now().span;
      request_id_ = std::string(trace::Now().request_id);
      log::Error("said within the call");
      if (answer_.valid()) trace::Answer(answer_);
      return v1::Platform();
    };
    log::Options options;
    options.format = log::Format::kJson;
    options.sink = [this](absl::string_view line) { lines_.emplace_back(line); };
    log::Init(std::move(options));
  }
  ~TraceTest() override {
    host_->Shutdown(absl::ZeroDuration());
    log::Init({});
  }

  // With this metadata; the trailers' traceparent.
  std::string Call(const std::string& traceparent) {
    grpc::ClientContext context;
    if (!traceparent.empty()) context.AddMetadata("traceparent", traceparent);
    v1::GetPlatformResponse response;
    EXPECT_TRUE(stub_->GetPlatform(&context, v1::GetPlatformRequest(), &response).ok());
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto entry = trailers.find("traceparent");
    return entry == trailers.end() ? "" : std::string(entry->second.data(), entry->second.size());
  }

  trace::SpanContext seen() {
    MutexLock lock(&mutex_);
    return seen_;
  }

  Mutex mutex_;
  trace::SpanContext seen_ ABSL_GUARDED_BY(mutex_);
  trace::SpanContext answer_ ABSL_GUARDED_BY(mutex_);
  std::string request_id_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> lines_;
  metrics::Registry metrics_;
  FakeRegistry registry_{metrics_, {}};
  std::unique_ptr<Host> host_ = ValueOrDie(Host::Start({}, {&registry_}));
  std::unique_ptr<v1::PlatformRegistryService::Stub> stub_ =
      v1::PlatformRegistryService::NewStub(MakeChannel(host_->address()));
};

TEST_F(TraceTest, ACallersTraceIsCurrentInTheHandlerAndInItsLogs) {
  Call(kCaller);
  EXPECT_EQ(trace::FormatTraceparent(seen()), kCaller);
  EXPECT_THAT(lines_, Contains(testing::AllOf(HasSubstr("said within the call"), HasSubstr(kTraceId),
                                              HasSubstr("\"request_id\":\""))));
}

TEST_F(TraceTest, ACallWithoutATraceOrWithNonsenseBeginsOne) {
  for (const char* sent : {"", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01"}) {
    Call(sent);
    EXPECT_TRUE(seen().valid()) << sent;
    EXPECT_FALSE(seen().sampled);
  }
}

TEST_F(TraceTest, WhatIsCurrentGoesAlongWithACall) {
  const trace::SpanContext span = *trace::ParseTraceparent(kCaller);
  const trace::Scope scope(span, "request-7");
  EXPECT_TRUE(
      grpc_support::Call(*stub_, &v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest())
          .ok());
  EXPECT_EQ(seen(), span);
  MutexLock lock(&mutex_);
  EXPECT_EQ(request_id_, "request-7");
}

TEST_F(TraceTest, TheTrailersSayWhatTraceAnAnswerContinues) {
  EXPECT_EQ(Call(""), "");
  {
    MutexLock lock(&mutex_);
    answer_ = *trace::ParseTraceparent(kCaller);
  }
  EXPECT_EQ(Call(""), kCaller);
}

TEST_F(TraceTest, BothSidesOfACallAreSpansOfTheCallersTrace) {
  test_support::OtlpReceiver receiver;
  auto exporter = ValueOrDie(trace::Exporter::Start({.endpoint = receiver.endpoint()}, metrics_));
  {
    const trace::Scope scope(*trace::ParseTraceparent(kCaller), "request-7", "delivery");
    EXPECT_TRUE(
        grpc_support::Call(*stub_, &v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest())
            .ok());
  }
  exporter.reset();
  const std::vector<ReceivedSpan> spans = receiver.SpansOf(kTraceId);
  ASSERT_THAT(spans, SizeIs(2));
  const ReceivedSpan& server = spans[0].kind == 2 ? spans[0] : spans[1];
  const ReceivedSpan& client = spans[0].kind == 2 ? spans[1] : spans[0];
  EXPECT_EQ(client.name, "PlatformRegistryService/GetPlatform");
  EXPECT_EQ(client.service, "delivery");
  EXPECT_EQ(client.parent_id, "b7ad6b7169203331");
  EXPECT_EQ(server.name, "PlatformRegistryService/GetPlatform");
  EXPECT_EQ(server.parent_id, client.span_id);
  EXPECT_THAT(server.attributes, Contains(Pair("rpc.service", "cognate.v1.PlatformRegistryService")));
  EXPECT_THAT(server.attributes, Contains(Pair("rpc.grpc.status_code", "0")));
  EXPECT_THAT(server.attributes, Contains(Pair("cognate.request_id", "request-7")));
}

}  // namespace
}  // namespace cognate::grpc_support
