#include "services/clients/rules_follower.h"

#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/clock/fake_clock.h"
#include "common/grpc/host.h"
#include "tests/support/status_matchers.h"

namespace cognate::clients {
namespace {

using test_support::StatusIs;
using test_support::ValueOrDie;

class FakeRegistry final : public v1::PlatformRegistryService::Service {
 public:
  void Set(int64_t revision, bool available = true) {
    MutexLock lock(&mutex_);
    revision_ = revision;
    available_ = available;
  }
  int questions() const {
    MutexLock lock(&mutex_);
    return questions_;
  }

 private:
  grpc::Status GetRules(grpc::ServerContext*, const v1::GetRulesRequest* request,
                        v1::GetRulesResponse* response) override {
    MutexLock lock(&mutex_);
    ++questions_;
    if (!available_) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "as the test wants");
    response->set_revision(revision_);
    if (request->known_revision() != revision_)
      response->mutable_rules()->add_syncs()->mutable_sync()->set_name("syncs/one");
    return grpc::Status::OK;
  }

  mutable Mutex mutex_;
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  bool available_ ABSL_GUARDED_BY(mutex_) = true;
  int questions_ ABSL_GUARDED_BY(mutex_) = 0;
};

class RulesFollowerTest : public ::testing::Test {
 protected:
  FakeRegistry registry_;
  grpc::Service* const services_[1] = {&registry_};
  std::unique_ptr<grpc_support::Host> host_ = ValueOrDie(grpc_support::Host::Start({}, services_));
  RegistryClient client_{host_->address()};
  FakeClock clock_;
  RulesFollower<> rules_{client_, clock_, {}};
};

TEST_F(RulesFollowerTest, HasEmptyRulesUntilTheRegistryAnswers) {
  registry_.Set(3, false);
  EXPECT_THAT(rules_.Refresh(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(rules_.IsKnown());
  EXPECT_EQ(rules_.Current()->revision(), 0);
  registry_.Set(3);
  EXPECT_OK(rules_.Refresh());
  EXPECT_TRUE(rules_.IsKnown());
  EXPECT_EQ(rules_.Current()->revision(), 3);
  EXPECT_EQ(rules_.Current()->syncs_size(), 1);
}

TEST_F(RulesFollowerTest, KnowsARegistryThatHasNoRulesYet) {
  EXPECT_OK(rules_.Refresh());
  EXPECT_TRUE(rules_.IsKnown());
  EXPECT_EQ(rules_.Current()->revision(), 0);
}

TEST_F(RulesFollowerTest, KeepsTheSameSnapshotWhileItsRevisionIsInForceOrTheRegistryIsAway) {
  registry_.Set(3);
  EXPECT_OK(rules_.Refresh());
  const auto snapshot = rules_.Current();
  EXPECT_OK(rules_.Refresh());
  registry_.Set(4, false);
  EXPECT_THAT(rules_.Refresh(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(rules_.Current(), snapshot);
}

TEST_F(RulesFollowerTest, AsksOnlyForWhatIsNewerThanWhatItHas) {
  registry_.Set(3);
  const absl::Time before = clock_.Now();
  EXPECT_EQ(ValueOrDie(rules_.AtLeast(3, absl::InfinitePast()))->revision(), 3);
  EXPECT_EQ(ValueOrDie(rules_.AtLeast(2, before))->revision(), 3);
  EXPECT_EQ(registry_.questions(), 1);
  registry_.Set(4);
  EXPECT_EQ(ValueOrDie(rules_.AtLeast(2, before + absl::Seconds(1)))->revision(), 4);
  EXPECT_THAT(rules_.AtLeast(5, before), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace cognate::clients
