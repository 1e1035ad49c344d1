// Partitions between random parties of a cluster while changes go on. When the network is well again, all has
// converged within half a minute, and nothing is lost.
//
// partitions_test --seeds=N --seed=S runs N seeds from S on, one after the other on one cluster.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iostream>
#include <random>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/network.h"
#include "tests/faults/pair.h"
#include "tests/faults/set_up.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::faults {

struct PartitionSettings {
  int seeds = 5;
  uint64_t first_seed = 1;
};
static PartitionSettings settings;

namespace {

using test_support::Eventually;

constexpr int kChanges = 300;  // of each seed
constexpr int kCodes = 400;    // records that there can be
constexpr absl::Duration kSoon = absl::Seconds(30);
constexpr absl::Duration kLost = absl::Minutes(2);  // what is not there by then never comes

class PartitionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    ASSERT_OK(pair_.SetUp(cluster_, network_.Database("change-capture", "source", pair_.source_uri()),
                          network_.Database("delivery", "target", pair_.target_uri())));
    ASSERT_OK(pair_.Run("INSERT INTO items VALUES ('first', 0)"));
    ASSERT_TRUE(Eventually([&] { return pair_.Differing() == 0; }));
  }

  void Change(std::mt19937_64& random) {
    const std::string code = absl::StrCat("i", random() % kCodes);
    ++revision_;
    const absl::Status changed = pair_.Run(
        random() % 8 == 0 ? absl::StrCat("DELETE FROM items WHERE code = '", code, "'")
                          : absl::StrCat("INSERT INTO items VALUES ('", code, "', ", revision_,
                                         ") ON CONFLICT (code) DO UPDATE SET revision = excluded.revision"));
    EXPECT_OK(changed);
  }

  // Replicas that are not as they should be; -1 while the registry does not answer.
  int64_t NotConverged() {
    const auto counts = grpc_support::Call(*ledger_, &v1::LedgerService::Stub::CountReplicas,
                                           v1::CountReplicasRequest(), {.timeout = absl::Seconds(5)});
    if (!counts.ok()) return -1;
    int64_t open = 0;
    for (const v1::ReplicaCount& count : counts->counts())
      open += count.pending_count() + count.parked_count();
    return open;
  }
  bool IsQuiet() {
    return pair_.Differing() == 0 && NotConverged() == 0 && FindLeftovers(cluster_).count == 0;
  }

  // Until the changes are over the network gets worse and better.
  void Trouble(std::mt19937_64& random) {
    std::mt19937_64 for_changes(random());
    std::atomic<bool> changing = true;
    std::thread changes([&] {
      for (int i = 0; i < kChanges; ++i) {
        Change(for_changes);
        absl::SleepFor(absl::Milliseconds(10));  // the pace
      }
      changing = false;
    });
    const absl::Time least = absl::Now() + absl::Milliseconds(2'000 + random() % 6'000);
    while (changing || absl::Now() < least) {
      const std::string what = network_.Break(random);
      if (verbose_) std::cout << what << std::endl;
      absl::SleepFor(absl::Milliseconds(50 + random() % 600));  // how long it lasts alone
    }
    changes.join();
  }

  void RunSeed(uint64_t seed) {
    std::mt19937_64 random(seed);
    Trouble(random);
    network_.Heal(random);
    const absl::Time healed = absl::Now();
    const bool converged = Eventually([&] { return IsQuiet(); }, kSoon);
    const absl::Duration took = absl::Now() - healed;
    longest_ = std::max(longest_, took);
    ++seeds_;
    converged_ += converged ? 1 : 0;
    std::cout << "seed " << seed << ": " << (converged ? "converged after " : "NOT converged after ") << took
              << std::endl;
    if (converged) return;
    std::cout << pair_.Differing() << " differ, " << NotConverged() << " are not converged; left over:\n"
              << FindLeftovers(cluster_).text << std::endl;
    const bool late = Eventually([&] { return IsQuiet(); }, kLost);
    lost_ += late ? 0 : std::max<int64_t>(pair_.Differing(), 0);
    // How soon is a figure; a machine that others use may be slow. What never comes is a fault.
    EXPECT_TRUE(late) << "seed " << seed << ": not even after " << absl::Now() - healed;
    for (const std::string& name : cluster_.names())
      std::cout << "--- " << name << "\n" << cluster_.LogOf(name) << std::endl;
  }

  Network network_;
  cluster::Cluster cluster_{cluster::Shape::kOneEach, /*durable=*/false, network_.route()};
  Pair pair_;
  std::unique_ptr<v1::LedgerService::Stub> ledger_ =
      v1::LedgerService::NewStub(cluster_.ChannelTo("platform-registry"));
  const bool verbose_ = settings.seeds == 1;
  int64_t revision_ = 0;
  int seeds_ = 0;
  int converged_ = 0;
  int64_t lost_ = 0;
  absl::Duration longest_;
};

TEST_F(PartitionsTest, AllConvergesWhenTheNetworkIsWellAgain) {
  for (int i = 0; i < settings.seeds && !HasFatalFailure(); ++i)
    RunSeed(settings.first_seed + static_cast<uint64_t>(i));
  std::cout << "figure partitions.heal seeds=" << seeds_ << " converged=" << converged_
            << " max_s=" << std::ceil(absl::ToDoubleSeconds(longest_)) << " lost=" << lost_ << std::endl;
  EXPECT_EQ(converged_, settings.seeds);
  EXPECT_EQ(lost_, 0);
}

}  // namespace
}  // namespace cognate::faults

int main(int argc, char** argv) {
  using cognate::faults::settings;
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    const bool known = absl::ConsumePrefix(&word, "--seeds=")  ? absl::SimpleAtoi(word, &settings.seeds)
                       : absl::ConsumePrefix(&word, "--seed=") ? absl::SimpleAtoi(word, &settings.first_seed)
                                                               : false;
    if (known) continue;
    std::cerr << "got " << argv[i] << ", want --seeds= or --seed=\n";
    return 2;
  }
  return RUN_ALL_TESTS();
}
