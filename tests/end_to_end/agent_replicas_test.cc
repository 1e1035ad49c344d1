// Agents of a cluster with two replicas of each service, and many that wait at once.
#include <atomic>
#include <fstream>
#include <set>

#include <unistd.h>

#include "absl/strings/numbers.h"
#include "common/sync/mutex.h"
#include "tests/cluster/admin.h"
#include "tests/end_to_end/agent_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;

class AgentOfReplicasTest : public AgentTest {
 protected:
  AgentOfReplicasTest() : AgentTest(cluster::Shape::kTwoEach) {}
};

TEST_F(AgentOfReplicasTest, EitherReplicaAnswersAndNothingIsLentTwice) {
  constexpr int kRecords = 40;
  Run(absl::StrCat("INSERT INTO writer (name) SELECT 'w' || n FROM generate_series(1, ", kRecords, ") n"));
  const auto other = v1::DeliveryService::NewStub(grpc_support::MakeChannel(cluster_.Address("delivery-2")));
  const auto one = v1::DeliveryService::NewStub(grpc_support::MakeChannel(cluster_.Address("delivery")));
  std::set<std::string> entities;
  int answered_by[2] = {0, 0};
  const absl::Time until = absl::Now() + absl::Seconds(30);  // The lane may not be there yet.
  for (int turn = 0; entities.size() < kRecords && absl::Now() < until; ++turn) {
    DeliveryStub& asked = turn % 2 == 0 ? *one : *other;
    const auto pulled =
        Do(asked, &DeliveryStub::Pull, "platform: 'till' max_deliveries: 3 wait { seconds: 1 }");
    if (!pulled.ok()) {
      EXPECT_EQ(ErrorReason(pulled.status()), "LANE_NOT_READY") << pulled.status();
      continue;
    }
    v1::DeliveryServiceReportRequest report;
    report.set_platform("till");
    for (const v1::Delivery& delivery : pulled->deliveries()) {
      EXPECT_TRUE(entities.insert(delivery.entity_id()).second) << "lent twice";
      *report.add_results() = Applied(delivery, absl::StrCat(entities.size()));
    }
    if (report.results().empty()) continue;
    ++answered_by[turn % 2];
    // To the other one.
    DeliveryStub& told = turn % 2 == 0 ? *other : *one;
    ASSERT_OK(grpc_support::Call(told, &DeliveryStub::Report, report, {.timeout = test_support::kPatience})
                  .status());
  }
  EXPECT_EQ(entities.size(), static_cast<size_t>(kRecords));
  EXPECT_GT(answered_by[0], 0);
  EXPECT_GT(answered_by[1], 0);
}

TEST_F(AgentOfReplicasTest, EitherReplicaAnswersASubscriber) {
  constexpr int kRecords = 40;
  Run(absl::StrCat("INSERT INTO writer (name) SELECT 'w' || n FROM generate_series(1, ", kRecords, ") n"));
  v1::SubscribeRequest request;
  request.set_platform("till");
  request.set_credits(3);
  // What is on its way when a stream is left is lent out again.
  request.mutable_lease_duration()->set_seconds(5);
  std::set<std::string> entities;
  for (const char* const name : {"delivery", "delivery-2"}) {
    const auto stub = v1::DeliveryService::NewStub(grpc_support::MakeChannel(cluster_.Address(name)));
    const size_t wanted = entities.empty() ? kRecords / 2 : kRecords;
    ASSERT_TRUE(Eventually([&] {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + test_support::kPatience));
      const auto reader = stub->Subscribe(&context, request);
      v1::SubscribeResponse response;
      while (entities.size() < wanted && reader->Read(&response)) {
        std::vector<v1::DeliveryResult> results;
        for (const v1::Delivery& delivery : response.deliveries()) {
          entities.insert(delivery.entity_id());
          results.push_back(Applied(delivery, delivery.source().local_id()));
        }
        if (results.empty()) continue;
        EXPECT_OK(Report(results));
      }
      context.TryCancel();
      reader->Finish();
      return entities.size() >= wanted;  // The lane may not be there yet.
    })) << name
        << " " << entities.size();
  }
  EXPECT_EQ(entities.size(), static_cast<size_t>(kRecords));
}

// Calls that are under way without a thread each.
class Polls {
 public:
  Polls(DeliveryStub& stub, int count) {
    request_.set_platform("till");
    request_.set_max_deliveries(1);
    request_.mutable_wait()->set_seconds(60);
    for (int i = 0; i < count; ++i) {
      calls_.push_back(std::make_unique<Poll>());
      Poll& poll = *calls_.back();
      stub.async()->Pull(&poll.context, &request_, &poll.response, [this, &poll](const grpc::Status& status) {
        MutexLock lock(&mutex_);
        poll.status = status;
        if (status.ok()) got_ += poll.response.deliveries_size();
        ++ended_;
      });
    }
  }
  ~Polls() {
    for (const auto& poll : calls_) poll->context.TryCancel();
    Eventually([&] { return ended() == static_cast<int>(calls_.size()); });
  }
  int ended() const {
    MutexLock lock(&mutex_);
    return ended_;
  }
  int got() const {
    MutexLock lock(&mutex_);
    return got_;
  }

 private:
  struct Poll {
    grpc::ClientContext context;
    v1::PullResponse response;
    grpc::Status status;
  };
  v1::PullRequest request_;
  std::vector<std::unique_ptr<Poll>> calls_;
  mutable Mutex mutex_;
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
  int got_ ABSL_GUARDED_BY(mutex_) = 0;
};

class IdlePollsTest : public AgentTest {
 protected:
  IdlePollsTest() : AgentTest(cluster::Shape::kOneEach) {}

  int64_t Threads() const {
    std::ifstream status(absl::StrCat("/proc/", cluster_.PidOf("delivery"), "/status"));
    for (std::string line; std::getline(status, line);) {
      int64_t threads = 0;
      if (line.rfind("Threads:", 0) == 0 && absl::SimpleAtoi(line.substr(8), &threads)) return threads;
    }
    return -1;
  }
  int64_t Resident() const {
    std::ifstream statm(absl::StrCat("/proc/", cluster_.PidOf("delivery"), "/statm"));
    int64_t total = 0, resident = 0;
    statm >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
  }
  // How many calls wait in the service.
  int64_t Waiting() const {
    const double waiting =
        cluster::Metric(cluster_, "delivery", "cognate_rpc_waiting{method=\"Pull\",service=\"delivery\"}");
    return waiting > 0 ? static_cast<int64_t>(waiting) : 0;
  }
};

TEST_F(IdlePollsTest, AThousandThatWaitHoldNoThreadEachAndOneGetsWhatComes) {
  constexpr int kPolls = 1000;
  // The lane is there, and nothing is left.
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  const v1::PullResponse first = Pull();
  ASSERT_EQ(first.deliveries_size(), 1);
  ASSERT_OK(Report({Applied(first.deliveries(0), "1")}));
  const int64_t threads = Threads();
  const int64_t resident = Resident();
  Polls polls(*delivery_, kPolls);
  ASSERT_TRUE(Eventually([&] { return Waiting() == kPolls; })) << Waiting();
  std::cout << "figure agent.idle_polls polls=" << kPolls << " threads=" << Threads() - threads
            << " mib=" << (Resident() - resident) / (1 << 20) << std::endl;
  EXPECT_LT(Threads() - threads, 100);
  EXPECT_EQ(polls.ended(), 0);
  Run("INSERT INTO writer (name) VALUES ('Grace')");
  EXPECT_TRUE(Eventually([&] { return polls.got() == 1; }));
  EXPECT_EQ(polls.ended(), 1);
}

}  // namespace
}  // namespace cognate
