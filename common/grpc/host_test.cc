#include "common/grpc/host.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/grpc/channel.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/peer.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::IsOk;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
namespace health_v1 = ::grpc::health::v1;
namespace reflection_v1 = ::grpc::reflection::v1;

constexpr char kRegistry[] = "cognate.v1.PlatformRegistryService";

class HostTest : public ::testing::Test {
 protected:
  void Start(HostOptions options = {}) {
    host_ = ValueOrDie(Host::Start(options, {&registry_, &capture_}));
    channel_ = MakeChannel(host_->address());
  }

  absl::StatusOr<bool> Serving(const std::string& service) {
    auto stub = health_v1::Health::NewStub(channel_);
    health_v1::HealthCheckRequest request;
    request.set_service(service);
    const auto answer = Call(*stub, &health_v1::Health::Stub::Check, request);
    if (!answer.ok()) return answer.status();
    return answer->status() == health_v1::HealthCheckResponse::SERVING;
  }

  // One question of reflection v1. v1alpha is the same on the wire; only the name of the method differs.
  reflection_v1::ServerReflectionResponse Reflect(const reflection_v1::ServerReflectionRequest& request) {
    auto stub = reflection_v1::ServerReflection::NewStub(channel_);
    grpc::ClientContext context;
    auto stream = stub->ServerReflectionInfo(&context);
    stream->Write(request);
    reflection_v1::ServerReflectionResponse response;
    EXPECT_TRUE(stream->Read(&response));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return response;
  }

  std::vector<std::string> Services() {
    reflection_v1::ServerReflectionRequest request;
    request.set_list_services("");
    const reflection_v1::ServerReflectionResponse response = Reflect(request);
    std::vector<std::string> names;
    for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
    return names;
  }

  static std::vector<std::string> Files(const reflection_v1::ServerReflectionResponse& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  metrics::Registry metrics_;
  FakeRegistry registry_{metrics_};
  FakeCapture capture_{metrics_};
  std::unique_ptr<Host> host_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(HostTest, ServesOnAFreePortAndOnAUnixSocketTogether) {
  test_support::TempDir directory;
  const std::string socket = absl::StrCat("unix:", directory.path(), "/host.sock");
  Start({.addresses = {"127.0.0.1:0", socket}});
  EXPECT_GT(host_->port(), 0);
  for (const std::string& address : {host_->address(), socket}) {
    auto stub = v1::PlatformRegistryService::NewStub(MakeChannel(address));
    EXPECT_TRUE(Call(*stub, &v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest()).ok())
        << address;
  }
}

TEST_F(HostTest, ServesItsOwnProcessWithoutASocketUntilItIsShutDown) {
  const std::string address = NewInProcessAddress();
  const auto ask = [](Peer<v1::PlatformRegistryService>& peer) {
    return peer.Call(&v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest()).status();
  };
  Peer<v1::PlatformRegistryService> early(address);
  EXPECT_THAT(ask(early), StatusIs(absl::StatusCode::kUnavailable, HasSubstr(address)));
  Start({.in_process_address = address});
  Peer<v1::PlatformRegistryService> peer(address);
  EXPECT_THAT(ask(peer), IsOk());
  EXPECT_THAT(ask(early), IsOk());
  host_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(ask(peer), StatusIs(absl::StatusCode::kUnavailable));
  host_.reset();
  EXPECT_THAT(ask(peer), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(HostTest, ShutsDownUnderCallsOfItsOwnProcess) {
  for (int round = 0; round < 20; ++round) {
    const std::string address = NewInProcessAddress();
    Start({.in_process_address = address});
    std::atomic<int> answered = 0;
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        Peer<v1::PlatformRegistryService> peer(address);
        while (peer.Call(&v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest()).ok())
          ++answered;
      });
    }
    while (answered < 10) std::this_thread::yield();
    host_.reset();
    for (std::thread& caller : callers) caller.join();
  }
}

TEST_F(HostTest, SaysWhichAddressIsTaken) {
  Start();
  const auto second = Host::Start({.addresses = {"127.0.0.1:0", host_->address()}}, {&registry_});
  EXPECT_THAT(second.status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(host_->address())));
}

TEST_F(HostTest, ReportsTheHealthOfEachServiceByItsFullName) {
  Start();
  EXPECT_FALSE(ValueOrDie(Serving(kRegistry)));
  host_->SetServing(kRegistry, true);
  EXPECT_TRUE(ValueOrDie(Serving(kRegistry)));
  EXPECT_FALSE(ValueOrDie(Serving("cognate.v1.ChangeCaptureService")));
  EXPECT_THAT(Serving("cognate.v1.Nothing").status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(HostTest, ReportsTheHealthOfTheWholeServerWithoutAName) {
  Start();
  EXPECT_FALSE(ValueOrDie(Serving("")));
  host_->SetAllServing(true);
  EXPECT_TRUE(ValueOrDie(Serving("")));
  EXPECT_TRUE(ValueOrDie(Serving("cognate.v1.ChangeCaptureService")));
}

TEST_F(HostTest, DescribesItsContractsWithTheirComments) {
  Start();
  reflection_v1::ServerReflectionRequest request;
  request.set_file_containing_symbol("cognate.v1.ChangeCaptureService.Capture");
  const reflection_v1::ServerReflectionResponse response = Reflect(request);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.name(), "cognate/v1/change_capture_service.proto");
  EXPECT_TRUE(std::any_of(file.source_code_info().location().begin(),
                          file.source_code_info().location().end(),
                          [](const auto& place) { return !place.leading_comments().empty(); }));
}

TEST_F(HostTest, ListsItsServicesByReflection) {
  Start();
  const std::vector<std::string> names = Services();
  EXPECT_THAT(names, IsSupersetOf({std::string(kRegistry), std::string("cognate.v1.ChangeCaptureService"),
                                   std::string("grpc.health.v1.Health"),
                                   std::string("grpc.reflection.v1.ServerReflection"),
                                   std::string("grpc.reflection.v1alpha.ServerReflection")}));
}

TEST_F(HostTest, DescribesASymbolWithAllThatItDependsOn) {
  Start();
  reflection_v1::ServerReflectionRequest request;
  request.set_file_containing_symbol(kRegistry);
  const std::vector<std::string> files = Files(Reflect(request));
  EXPECT_EQ(files.at(0), "cognate/v1/platform_registry_service.proto");
  EXPECT_THAT(files, IsSupersetOf({std::string("cognate/v1/platform.proto"),
                                   std::string("google/protobuf/timestamp.proto")}));
  EXPECT_EQ(std::set<std::string>(files.begin(), files.end()).size(), files.size());
}

TEST_F(HostTest, DescribesEveryServiceThatItLists) {
  Start();
  for (const std::string& service : Services()) {
    reflection_v1::ServerReflectionRequest request;
    request.set_file_containing_symbol(service);
    EXPECT_THAT(Files(Reflect(request)), Not(IsEmpty())) << service;
  }
}

TEST_F(HostTest, DescribesAFileByItsNameAndKnowsNoOther) {
  Start();
  reflection_v1::ServerReflectionRequest request;
  request.set_file_by_filename("cognate/v1/value.proto");
  EXPECT_THAT(Files(Reflect(request)), Contains("cognate/v1/value.proto"));
  request.set_file_by_filename("no/such.proto");
  EXPECT_EQ(Reflect(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Reflect({}).error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HostTest, AnswersV1alphaToo) {
  Start();
  const grpc::internal::RpcMethod method("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                         grpc::internal::RpcMethod::BIDI_STREAMING, channel_);
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<reflection_v1::ServerReflectionRequest,
                                           reflection_v1::ServerReflectionResponse>>
      stream(grpc::internal::ClientReaderWriterFactory<
             reflection_v1::ServerReflectionRequest,
             reflection_v1::ServerReflectionResponse>::Create(channel_.get(), method, &context));
  reflection_v1::ServerReflectionRequest request;
  request.set_file_containing_symbol(kRegistry);
  stream->Write(request);
  reflection_v1::ServerReflectionResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_THAT(Files(response), Contains("cognate/v1/platform_registry_service.proto"));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(HostTest, LetsACallUnderWayEndWhenItShutsDown) {
  Start();
  std::atomic<bool> begun = false;
  std::atomic<bool> may_end = false;
  registry_.handler = [&](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    begun = true;
    while (!may_end) absl::SleepFor(absl::Milliseconds(1));
    return v1::Platform();
  };
  absl::Status answer = absl::UnknownError("not called");
  std::thread caller([&] {
    auto stub = v1::PlatformRegistryService::NewStub(channel_);
    answer = Call(*stub, &v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest()).status();
  });
  while (!begun) absl::SleepFor(absl::Milliseconds(1));
  std::thread stopper([&] { host_->Shutdown(absl::Seconds(10)); });
  may_end = true;
  stopper.join();
  caller.join();
  EXPECT_TRUE(answer.ok()) << answer;
}

TEST_F(HostTest, ShedsLoadAboveItsThreads) {
  Start({.max_threads = 6});
  std::atomic<bool> may_end = false;
  registry_.handler = [&](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
    while (!may_end) absl::SleepFor(absl::Milliseconds(1));
    return v1::Platform();
  };
  std::atomic<int> refused = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      auto stub = v1::PlatformRegistryService::NewStub(channel_);
      const auto status =
          Call(*stub, &v1::PlatformRegistryService::Stub::GetPlatform, v1::GetPlatformRequest()).status();
      if (status.code() == absl::StatusCode::kResourceExhausted) ++refused;
      if (refused > 0) may_end = true;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace cognate::grpc_support
