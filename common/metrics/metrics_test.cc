#include "common/metrics/metrics.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/metrics/build_info.h"

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
