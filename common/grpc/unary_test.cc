#include "common/grpc/unary.h"

#include <atomic>
#include <stdexcept>

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "common/grpc/cancellation.h"
#include "common/grpc/channel.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::HasReason;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class UnaryTest : public ::testing::Test {
 protected:
  UnaryTest() {
    log::Options options;
    options.format = log::Format::kText;
    options.sink = [this](absl::string_view line) {
      MutexLock lock(&mutex_);
      lines_.emplace_back(line);
    };
    log::Init(std::move(options));
    host_ = ValueOrDie(Host::Start({}, {&registry_, &capture_, &feedback_}));
    channel_ = MakeChannel(host_->address());
    stub_ = v1::PlatformRegistryService::NewStub(channel_);
  }
  ~UnaryTest() override {
    host_->Shutdown(absl::ZeroDuration());
    log::Init({});
  }

  absl::StatusOr<v1::GetPlatformResponse> GetPlatform(const CallOptions& options = {}) {
    v1::GetPlatformRequest request;
    request.set_name("platforms/shop");
    return Call(*stub_, &v1::PlatformRegistryService::Stub::GetPlatform, request, options);
  }

  // The trailing x-request-id of one call that sent `sent` (or nothing).
  std::string TrailingRequestId(const std::string& sent) {
    grpc::ClientContext context;
    if (!sent.empty()) context.AddMetadata("x-request-id", sent);
    v1::GetPlatformResponse response;
    EXPECT_TRUE(stub_->GetPlatform(&context, v1::GetPlatformRequest(), &response).ok());
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto entry = trailers.find("x-request-id");
    return entry == trailers.end() ? "" : std::string(entry->second.data(), entry->second.size());
  }

  std::vector<std::string> lines() {
    MutexLock lock(&mutex_);
    return lines_;
  }

  Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  metrics::Registry metrics_;
  FakeRegistry registry_{metrics_, {.slow = absl::Seconds(30)}};
  FakeCapture capture_{metrics_};
  FakeFeedback feedback_{metrics_};
  std::unique_ptr<Host> host_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::PlatformRegistryService::Stub> stub_;
};

TEST_F(UnaryTest, GivesTheAnswerOfTheHandler) {
  EXPECT_EQ(ValueOrDie(GetPlatform()).platform().name(), "platforms/shop");
}

TEST_F(UnaryTest, CarriesReasonAndViolationsThroughARealCall) {
  registry_.handler = [](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    return Error(absl::StatusCode::kInvalidArgument, "BAD_NAME", "bad name")
        .With("name", "x")
        .Violation("name", "got \"x\", want platforms/{id}")
        .ToStatus();
  };
  const absl::Status status = GetPlatform().status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "bad name"));
  EXPECT_THAT(status, HasReason("BAD_NAME"));
  EXPECT_EQ(ErrorMetadata(status, "name"), "x");
  EXPECT_THAT(Violations(status), ElementsAre(FieldViolation{"name", "got \"x\", want platforms/{id}"}));
}

TEST_F(UnaryTest, CarriesAnErrorWithAThousandViolationsThroughARealCall) {
  registry_.handler = [](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    Error error(absl::StatusCode::kInvalidArgument, "BAD_BATCH", std::string(3000, '%'));
    for (int i = 0; i < 1000; ++i) error.Violation("changes[1].record.model", "got nothing, want a model");
    return error.ToStatus();
  };
  grpc::ChannelArguments narrow;  // A client that never heard of our limits.
  auto stub = v1::PlatformRegistryService::NewStub(
      grpc::CreateCustomChannel(host_->address(), grpc::InsecureChannelCredentials(), narrow));
  grpc::ClientContext context;
  v1::GetPlatformResponse response;
  const absl::Status status =
      FromGrpcStatus(stub->GetPlatform(&context, v1::GetPlatformRequest(), &response));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(status, HasReason("BAD_BATCH"));
}

TEST_F(UnaryTest, ReturnsTheCallersRequestIdInTheTrailers) {
  EXPECT_EQ(TrailingRequestId("order-4711"), "order-4711");
}

TEST_F(UnaryTest, MakesARequestIdWhereThereIsNoneOrABadOne) {
  EXPECT_THAT(TrailingRequestId(""), ::testing::SizeIs(36));
  EXPECT_THAT(TrailingRequestId("a b\"c"), ::testing::SizeIs(36));
}

TEST_F(UnaryTest, TellsTheHandlerOfDeadlineAndRequestId) {
  Mutex mutex;
  absl::Time deadline;
  std::string request_id;
  registry_.handler = [&](const Rpc& rpc, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    MutexLock lock(&mutex);
    deadline = rpc.deadline();
    request_id = rpc.request_id();
    return v1::Platform();
  };
  const absl::Time before = absl::Now();
  ASSERT_TRUE(GetPlatform({.timeout = absl::Seconds(5), .request_id = "r1"}).ok());
  MutexLock lock(&mutex);
  EXPECT_LT(deadline, before + absl::Seconds(6));
  EXPECT_EQ(request_id, "r1");
}

TEST_F(UnaryTest, TellsTheHandlerWhenTheCallerHasGone) {
  std::atomic<bool> ended = false;
  registry_.handler = [&](const Rpc& rpc, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    while (!rpc.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    ended = true;
    return absl::CancelledError("the caller has gone");
  };
  EXPECT_THAT(GetPlatform({.timeout = absl::Milliseconds(500)}).status(),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(test_support::Eventually([&] { return ended.load(); }));
}

TEST_F(UnaryTest, TurnsAnExceptionIntoInternalAndKeepsItsTextInside) {
  registry_.handler = [](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    throw std::runtime_error("SELECT secret");
  };
  const absl::Status status = GetPlatform().status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, Not(HasSubstr("SELECT"))));
  EXPECT_THAT(status, HasReason("INTERNAL"));
}

TEST_F(UnaryTest, CountsAndTimesEachCallByItsCode) {
  ASSERT_TRUE(GetPlatform().ok());
  registry_.handler = [](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    return absl::NotFoundError("no such platform");
  };
  EXPECT_FALSE(GetPlatform().ok());
  const std::string text = metrics_.Text();
  EXPECT_THAT(
      text,
      HasSubstr(
          "cognate_rpc_requests_total{code=\"OK\",method=\"GetPlatform\",service=\"platform_registry\"} 1"));
  EXPECT_THAT(text, HasSubstr("cognate_rpc_requests_total{code=\"NOT_FOUND\",method=\"GetPlatform\",service="
                              "\"platform_registry\"} 1"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "cognate_rpc_duration_seconds_count{method=\"GetPlatform\",service=\"platform_registry\"} 2"));
}

TEST_F(UnaryTest, LogsARefusedCallOnceAndAnOrdinaryOneNotAtAll) {
  ASSERT_TRUE(GetPlatform().ok());
  EXPECT_THAT(lines(), IsEmpty());
  registry_.handler = [](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    return Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "there is no such platform").ToStatus();
  };
  EXPECT_FALSE(GetPlatform({.request_id = "r7"}).ok());
  EXPECT_THAT(lines(), ElementsAre(AllOf(
                           HasSubstr(" info rpc service=platform_registry method=GetPlatform request_id=r7 "
                                     "code=NOT_FOUND elapsed_ms="),
                           HasSubstr("reason=PLATFORM_NOT_FOUND"))));
}

TEST_F(UnaryTest, ACancellationEndsTheCallUnderWayAndEachLaterOne) {
  Cancellation cancellation;
  std::atomic<int> calls = 0;
  registry_.handler = [&](const Rpc& rpc, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    if (++calls == 1) return v1::Platform();
    cancellation.Cancel();
    while (!rpc.cancelled()) absl::SleepFor(absl::Milliseconds(1));
    return absl::CancelledError("the caller has gone");
  };
  EXPECT_TRUE(GetPlatform({.cancellation = &cancellation}).ok());
  EXPECT_THAT(GetPlatform({.cancellation = &cancellation}).status(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(GetPlatform({.cancellation = &cancellation}).status(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_LE(calls, 3);
}

TEST_F(UnaryTest, TriesAnIdempotentCallAgainWhileTheServiceIsUnavailable) {
  std::atomic<int> calls = 0;
  registry_.handler = [&](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    if (++calls < 3) return absl::UnavailableError("not yet");
    return v1::Platform();
  };
  const BackoffPolicy fast = {absl::Milliseconds(1), 2.0, absl::Milliseconds(2)};
  EXPECT_TRUE(GetPlatform({.idempotent = true, .backoff = fast}).ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(UnaryTest, TriesAtMostAsOftenAsAskedAndACallThatIsNotIdempotentOnce) {
  std::atomic<int> calls = 0;
  registry_.handler = [&](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    ++calls;
    return absl::UnavailableError("never");
  };
  const BackoffPolicy fast = {absl::Milliseconds(1), 2.0, absl::Milliseconds(2)};
  EXPECT_THAT(GetPlatform({.idempotent = true, .max_attempts = 3, .backoff = fast}).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(GetPlatform({.backoff = fast}).ok());
  EXPECT_EQ(calls, 4);
}

TEST_F(UnaryTest, AnswersEveryMessageOfABidirectionalStream) {
  auto stub = v1::ChangeCaptureService::NewStub(channel_);
  grpc::ClientContext context;
  auto stream = stub->CaptureStream(&context);
  v1::CaptureStreamResponse response;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(stream->Write(v1::CaptureStreamRequest()));
    ASSERT_TRUE(stream->Read(&response));
  }
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(context.GetServerTrailingMetadata().count("x-request-id"), 1u);
}

TEST_F(UnaryTest, EndsAStreamWhenTheProcessDrains) {
  auto stub = v1::FeedbackService::NewStub(channel_);
  grpc::ClientContext context;
  auto stream = stub->Watch(&context, v1::WatchRequest());
  v1::WatchResponse event;
  ASSERT_TRUE(stream->Read(&event));
  ASSERT_TRUE(stream->Read(&event));
  feedback_.Drain();
  EXPECT_FALSE(stream->Read(&event));
  EXPECT_THAT(FromGrpcStatus(stream->Finish()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cognate::grpc_support
