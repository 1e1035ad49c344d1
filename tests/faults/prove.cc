#include "tests/faults/prove.h"

#include <algorithm>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "gtest/gtest.h"
#include "tests/faults/feeder.h"
#include "tests/faults/set_up.h"
#include "tests/support/eventually.h"

namespace cognate::faults {
namespace {

struct Sum {
  int seeds = 0;
  Differences differences;
  int64_t stuck = 0;
  std::string first;
  absl::Duration recovery;
};

// Replicas that are not CONVERGED; -1 while the registry does not answer.
int64_t NotConverged(cluster::Cluster& cluster) {
  const auto stub = v1::LedgerService::NewStub(cluster.ChannelTo("platform-registry"));
  const auto counts =
      grpc_support::Call(*stub, &v1::LedgerService::Stub::CountReplicas, v1::CountReplicasRequest(),
                         {.timeout = absl::Seconds(5), .idempotent = true});
  if (!counts.ok()) return -1;
  int64_t open = 0;
  for (const v1::ReplicaCount& count : counts->counts()) open += count.pending_count() + count.parked_count();
  return open;
}

// Quiet is: nothing open in the ledger, both targets are as they should be, and nothing is left on the way;
// or two minutes have passed. What is open or left then.
int64_t WaitForQuiet(World& world, const Generator& generator) {
  int64_t open = -1;
  Leftovers left{.count = 1, .text = ""};
  test_support::Eventually([&] {
    open = NotConverged(world.cluster);
    if (open != 0) return false;
    const auto good = [&](Target& target) {
      const Differences d = target.Compare(generator);
      return d.lost + d.duplicated + d.differing == 0;
    };
    if (!good(world.alpha) || !good(world.beta) || !world.ticker.Compare().first.empty()) return false;
    left = FindLeftovers(world.cluster);
    return left.count == 0;
  });
  return (open < 0 ? 1 : open) + left.count;
}

void Add(Sum& sum, const Differences& differences) {
  sum.differences.lost += differences.lost;
  sum.differences.duplicated += differences.duplicated;
  sum.differences.differing += differences.differing;
  sum.differences.backwards += differences.backwards;
  if (sum.first.empty()) sum.first = differences.first;
}

void RunSeed(uint64_t seed, const std::function<void(World&)>& fault, const Surroundings& surroundings,
             Sum& sum) {
  World world(seed, surroundings);
  ASSERT_TRUE(world.cluster.WaitUntilServing());
  ASSERT_EQ(SetUp(world.cluster, {&world.alpha, &world.beta}), absl::OkStatus());
  ASSERT_EQ(world.ticker.SetUp(world.cluster), absl::OkStatus());
  Generator generator(seed);
  Feeder feeder(world.cluster, "source", seed + 1);
  bool fed = false;
  std::thread stream([&] {
    fed = feeder.Feed(generator, settings.changes, surroundings.changes_per_second);
    world.streaming = false;
  });
  world.ticker.Start();
  fault(world);
  stream.join();
  world.ticker.Stop();
  ASSERT_TRUE(fed) << "seed " << seed << ": " << feeder.error();
  EXPECT_GE(generator.distinct_records(), static_cast<size_t>(settings.changes / 10));
  EXPECT_TRUE(feeder.duplicates_sent() > 0 || settings.changes < 10'000);
  const int64_t stuck = WaitForQuiet(world, generator);
  Sum one;
  Add(one, world.alpha.Compare(generator));
  Add(one, world.beta.Compare(generator));
  Add(one, world.ticker.Compare());
  if (!one.first.empty() || stuck != 0) {
    one.first = absl::StrCat("seed ", seed, ": ", stuck, " not converged or left over; ", one.first);
    std::cerr << one.first << "\n" << FindLeftovers(world.cluster).text << "\n";
    for (const std::string& name : world.cluster.names()) {
      std::cerr << "--- " << name << "\n" << world.cluster.LogOf(name) << "\n";
    }
  }
  Add(sum, one.differences);
  if (sum.first.empty()) sum.first = one.first;
  sum.stuck += stuck;
  sum.recovery = std::max(sum.recovery, world.recovery);
  sum.seeds += 1;
}

void ShowProgress(const std::string& name, int done, absl::Time start) {
  if (done == settings.seeds) return;
  const absl::Duration passed = absl::Now() - start;
  const absl::Duration rest = passed / done * (settings.seeds - done);
  std::cout << "progress " << name << " seeds=" << done << " of=" << settings.seeds
            << " rest=" << absl::FormatDuration(absl::Trunc(rest, absl::Seconds(1))) << std::endl;
}

}  // namespace

void Prove(const std::string& name, const std::function<void(World&)>& fault,
           const Surroundings& surroundings) {
  Sum sum;
  const absl::Time start = absl::Now();
  for (int i = 0; i < settings.seeds; ++i) {
    RunSeed(settings.first_seed + static_cast<uint64_t>(i), fault, surroundings, sum);
    if (::testing::Test::HasFatalFailure()) break;
    ShowProgress(name, i + 1, start);
  }
  const Differences& d = sum.differences;
  std::cout << "figure " << name << " seeds=" << sum.seeds << " lost=" << d.lost
            << " duplicated=" << d.duplicated << " differing=" << d.differing << " stuck=" << sum.stuck
            << " backwards=" << d.backwards;
  if (sum.recovery > absl::ZeroDuration())
    std::cout << " recovery_s=" << absl::StrFormat("%.1f", absl::ToDoubleSeconds(sum.recovery));
  std::cout << std::endl;
  EXPECT_EQ(sum.seeds, settings.seeds);
  EXPECT_EQ(d.lost + d.duplicated + d.differing + sum.stuck + d.backwards, 0) << sum.first;
}

}  // namespace cognate::faults
