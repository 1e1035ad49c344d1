#include "common/metrics/metrics.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock/fake_clock.h"
#include "common/metrics/build_info.h"
#include "common/metrics/standing.h"

namespace cognate::metrics {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RegistryTest, WritesNameLabelsAndValueAsText) {
  Registry registry;
  registry.Counters("deliveries_total", "Deliveries.", {"platform", "code"})
      .With({"shop", "OK"})
      .Increment(3);
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("# HELP cognate_deliveries_total Deliveries."));
  EXPECT_THAT(text, HasSubstr("cognate_deliveries_total{code=\"OK\",platform=\"shop\"} 3"));
}

TEST(RegistryTest, GivesTheSameChildForTheSameNameAndLabels) {
  Registry registry;
  Counter& first = registry.Counters("x_total", "X.", {"a"}).With({"1"});
  Counter& again = registry.Counters("x_total", "X.", {"a"}).With({"1"});
  EXPECT_EQ(&first, &again);
}

TEST(RegistryTest, PutsObservationsIntoBuckets) {
  Registry registry;
  Histogram& histogram = registry.Histograms("wait_seconds", "Waits.", {}, {0.1, 1}).With();
  histogram.Observe(0.5);
  EXPECT_THAT(registry.Text(), HasSubstr("cognate_wait_seconds_bucket{le=\"1\"} 1"));
}

TEST(RegistryTest, TellsAboutTheProcessAndTheBuild) {
  const std::string text = Registry().Text();
  EXPECT_THAT(text, ContainsRegex("process_resident_memory_bytes [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_cpu_seconds_total [0-9.]+"));
  EXPECT_THAT(text, ContainsRegex("process_open_fds [1-9]"));
  EXPECT_THAT(text, ContainsRegex("process_start_time_seconds [1-9]"));
  EXPECT_THAT(text, HasSubstr("version=\"" + std::string(Version()) + "\""));
}

TEST(RegistryTest, ForgetsAChildThatIsRemoved) {
  Registry registry;
  Family<Gauge> family = registry.Gauges("lane_depth", "Depth.", {"platform"});
  family.Remove(family.With({"gone"}));
  EXPECT_THAT(registry.Text(), Not(HasSubstr("gone")));
}

TEST(RegistryTest, GivesNamesThatPeopleChooseABoundedNumberOfSeries) {
  Registry registry(100);
  Family<Counter> counters = registry.Counters("sent_total", "Sent.", {"platform", "code"});
  Family<Gauge> gauges = registry.Gauges("lane_depth", "Depth.", {"platform"});
  for (int i = 0; i < 105; ++i) {
    const std::string platform = "p" + std::to_string(i);
    counters.With({platform, "OK"}).Increment();
    gauges.With({platform}).Set(7);
  }
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("cognate_sent_total{code=\"OK\",platform=\"p99\"} 1"));
  EXPECT_THAT(text, HasSubstr("cognate_sent_total{code=\"OK\",platform=\"other\"} 5"));
  EXPECT_THAT(text, Not(HasSubstr("platform=\"p100\"")));
  EXPECT_THAT(text, Not(HasSubstr("cognate_lane_depth{platform=\"other\"}")));
  EXPECT_THAT(text, HasSubstr("cognate_metrics_names_refused_total{label=\"platform\"} 10"));
}

// Its codes, states and services are not names that people choose.
TEST(RegistryTest, HasFourTimesTheRoomForWhatPlatformsSourcesAndSyncsShareAndNoBoundForItsOwnWords) {
  Registry registry(3);
  Family<Gauge> health = registry.Gauges("entity_health", "Health.", {"kind", "name", "status"});
  for (int i = 0; i < 13; ++i)
    health.With({"kind" + std::to_string(i), "name" + std::to_string(i), kFailing}).Set(1);
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("{kind=\"kind11\",name=\"name11\""));
  EXPECT_THAT(text, Not(HasSubstr("name12")));
  EXPECT_THAT(text, HasSubstr("cognate_metrics_names_refused_total{label=\"name\"} 1"));
}

TEST(RegistryTest, HasRoomForTenThousandPlatformsWithASourceAndSyncsEach) {
  Registry registry;
  Family<Gauge> health = registry.Gauges("entity_health", "Health.", {"kind", "name", "status"});
  for (int i = 0; i < 10'000; ++i) {
    for (const std::string kind : {"platform", "source", "sync"})
      health.With({kind, kind + std::to_string(i), kFailing}).Set(1);
  }
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("cognate_entity_health{kind=\"sync\",name=\"sync9999\",status=\"failing\"} 1"));
  EXPECT_THAT(text, Not(HasSubstr("cognate_metrics_names_refused_total{")));
}

TEST(RegistryTest, AsksBeforeEachScrapeAsLongAsSomebodyWantsItTo) {
  Registry registry;
  Gauge& gauge = registry.Gauges("asked", "Asked.").With();
  {
    const auto refresher = registry.OnScrape([&gauge] { gauge.Increment(); });
    EXPECT_THAT(registry.Text(), HasSubstr("cognate_asked 1"));
    EXPECT_THAT(registry.Text(), HasSubstr("cognate_asked 2"));
  }
  EXPECT_THAT(registry.Text(), HasSubstr("cognate_asked 2"));
}

TEST(OwnedGaugeTest, IsGoneWithItsLastOwner) {
  Registry registry;
  const auto make = [&registry] {
    return std::make_unique<OwnedGauge>(registry, "lane_open", "Open.", Registry::Labels{"platform"},
                                        Registry::Labels{"shop"});
  };
  auto first = make();
  auto second = make();
  first->Set(1);
  first.reset();
  EXPECT_THAT(registry.Text(), HasSubstr("cognate_lane_open{platform=\"shop\"} 1"));
  second.reset();
  EXPECT_THAT(registry.Text(), Not(HasSubstr("cognate_lane_open{")));
}

TEST(EntityHealthTest, ShowsTheOneStatusThatAThingIsIn) {
  Registry registry;
  auto health = std::make_unique<EntityHealth>(registry, "platform", "shop");
  health->Set(kHealthy);
  health->Set(kFailing);
  const std::string failing = "cognate_entity_health{kind=\"platform\",name=\"shop\",status=\"failing\"} 1";
  EXPECT_THAT(registry.Text(), HasSubstr(failing));
  EXPECT_THAT(registry.Text(), Not(HasSubstr("healthy")));
  health->Clear();
  EXPECT_THAT(registry.Text(), Not(HasSubstr("shop")));
  health->Set(kFailing);
  EXPECT_THAT(registry.Text(), HasSubstr(failing));
  health.reset();
  EXPECT_THAT(registry.Text(), Not(HasSubstr("shop")));
}

TEST(OldestPendingTest, GrowsWhileNobodyLooks) {
  Registry registry;
  FakeClock clock;
  OldestPending oldest(registry, clock);
  oldest.Set("log", "", clock.Now() - absl::Seconds(5));
  oldest.SetAll("ledger", {{"shop", clock.Now()}});
  clock.Advance(absl::Seconds(2));
  EXPECT_THAT(registry.Text(), HasSubstr("cognate_oldest_pending_seconds{platform=\"\",stage=\"log\"} 7"));
  EXPECT_THAT(registry.Text(), HasSubstr("{platform=\"shop\",stage=\"ledger\"} 2"));
  oldest.SetAll("ledger", {});
  oldest.Set("log", "", absl::InfiniteFuture());
  EXPECT_THAT(registry.Text(), HasSubstr("cognate_oldest_pending_seconds{platform=\"\",stage=\"log\"} 0"));
  EXPECT_THAT(registry.Text(), HasSubstr("{platform=\"shop\",stage=\"ledger\"} 0"));
}

TEST(RegistryTest, CountsEveryBumpOfManyThreads) {
  Registry registry;
  Counter& counter = registry.Counters("bumps_total", "Bumps.").With();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int bump = 0; bump < 10'000; ++bump) counter.Increment();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.Value(), 40'000);
}

}  // namespace
}  // namespace cognate::metrics
