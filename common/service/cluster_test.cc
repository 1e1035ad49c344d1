#include "common/service/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "common/grpc/channel.h"
#include "common/grpc/peer.h"
#include "common/service/fixture_service.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::service {
namespace {

using ::cognate::test_support::Eventually;
using ::cognate::test_support::IsOk;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using grpc_support::Call;
using grpc_support::MakeChannel;
using ::testing::HasSubstr;
namespace health_v1 = ::grpc::health::v1;

// Notes the order of what is done to it.
class NotedService final : public Service {
 public:
  NotedService(std::string name, std::vector<std::string>* notes, absl::Status start = absl::OkStatus())
      : name_(std::move(name)), notes_(notes), start_(std::move(start)) {}
  std::vector<grpc::Service*> grpc_services() override { return {}; }
  std::vector<std::string> service_names() const override { return {}; }
  absl::Status Start() override {
    notes_->push_back(name_ + " starts");
    return start_;
  }
  void Drain() override { notes_->push_back(name_ + " drains"); }
  void Shutdown() override { notes_->push_back(name_ + " stops"); }

 private:
  const std::string name_;
  std::vector<std::string>* const notes_;
  const absl::Status start_;
};

class ClusterTest : public ::testing::Test {
 protected:
  ClusterOptions Options() {
    ClusterOptions options;
    options.health_interval = absl::Milliseconds(5);
    options.drain_timeout = absl::Seconds(1);
    return options;
  }

  bool Serving(const std::string& address) {
    auto stub = health_v1::Health::NewStub(MakeChannel(address));
    health_v1::HealthCheckRequest request;
    request.set_service("cognate.v1.PlatformRegistryService");
    const auto answer = Call(*stub, &health_v1::Health::Stub::Check, request);
    return answer.ok() && answer->status() == health_v1::HealthCheckResponse::SERVING;
  }

  metrics::Registry metrics_;
};

TEST_F(ClusterTest, ServesByPortAndWithinTheProcessByAnAddressThatIsKnownBeforeTheStart) {
  Cluster cluster(Options(), Clock::Real(), metrics_);
  const std::string internal = cluster.internal_address();
  cluster.Add("fixture", ValueOrDie(FixtureService::Create("hi ", cluster.AddEnvironment("fixture"))));
  ASSERT_THAT(cluster.Start(), IsOk());
  for (const std::string& address : {cluster.address(), internal}) {
    grpc_support::Peer<v1::PlatformRegistryService> peer(address);
    v1::GetPlatformRequest request;
    request.set_name("platforms/shop");
    const auto answer = peer.Call(&v1::PlatformRegistryService::Stub::GetPlatform, request);
    EXPECT_EQ(ValueOrDie(answer).platform().name(), "hi platforms/shop");
  }
  EXPECT_THAT(cluster.Ready(), IsOk());
}

TEST_F(ClusterTest, TurnsHealthAndReadinessOffWhileAServiceIsNotReady) {
  Cluster cluster(Options(), Clock::Real(), metrics_);
  Environment& environment = cluster.AddEnvironment("fixture");
  cluster.Add("fixture", ValueOrDie(FixtureService::Create("hi ", environment)));
  ASSERT_THAT(cluster.Start(), IsOk());
  EXPECT_TRUE(Serving(cluster.address()));
  httplib::Client admin("127.0.0.1", cluster.admin_port());
  EXPECT_EQ(admin.Get("/readyz")->status, 200);

  environment.readiness.AddCheck("postgres", [] { return absl::UnavailableError("connection refused"); });
  EXPECT_TRUE(Eventually([&] { return !Serving(cluster.address()); }));
  const httplib::Result answer = admin.Get("/readyz");
  EXPECT_EQ(answer->status, 503);
  EXPECT_THAT(answer->body, HasSubstr("fixture.postgres: connection refused\n"));
  EXPECT_THAT(cluster.Ready(),
              StatusIs(absl::StatusCode::kUnavailable, "fixture.postgres: connection refused"));

  environment.readiness.RemoveCheck("postgres");
  EXPECT_TRUE(Eventually([&] { return Serving(cluster.address()); }));
}

TEST_F(ClusterTest, StartsInOrderAndStopsInReverse) {
  std::vector<std::string> notes;
  {
    Cluster cluster(Options(), Clock::Real(), metrics_);
    for (const char* name : {"a", "b"}) {
      cluster.AddEnvironment(name);
      cluster.Add(name, std::make_unique<NotedService>(name, &notes));
    }
    ASSERT_THAT(cluster.Start(), IsOk());
    cluster.Shutdown();
    cluster.Shutdown();
  }
  EXPECT_THAT(notes,
              ::testing::ElementsAre("a starts", "b starts", "a drains", "b drains", "b stops", "a stops"));
}

TEST_F(ClusterTest, StopsWhatWasStartedWhenOneServiceFails) {
  std::vector<std::string> notes;
  Cluster cluster(Options(), Clock::Real(), metrics_);
  cluster.AddEnvironment("a");
  cluster.Add("a", std::make_unique<NotedService>("a", &notes));
  cluster.AddEnvironment("b");
  cluster.Add("b", std::make_unique<NotedService>("b", &notes, absl::UnavailableError("no database")));
  EXPECT_THAT(cluster.Start(), StatusIs(absl::StatusCode::kUnavailable, "b: no database"));
  EXPECT_THAT(notes, ::testing::ElementsAre("a starts", "b starts", "a drains", "b drains", "a stops"));
}

TEST_F(ClusterTest, SaysWhichAddressIsTaken) {
  Cluster first(Options(), Clock::Real(), metrics_);
  ASSERT_THAT(first.Start(), IsOk());
  ClusterOptions options;
  options.host.addresses = {first.address()};
  Cluster second(options, Clock::Real(), metrics_);
  EXPECT_THAT(second.Start(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(first.address())));
}

}  // namespace
}  // namespace cognate::service
