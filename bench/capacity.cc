// What a record, a change and a file cost: processor time, memory, disk, Redis. docs/capacity.md makes sizes
// of it.
//
//   capacity_bench [--rows=100000] [--files=5000] [--quick] [--out=bench/results/capacity.json]
//
// Rows as in pipeline_bench: 10 columns, about 500 bytes, one reference, one target. Files of 8 KiB.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <random>

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "bench/standing.h"
#include "bench/subject.h"
#include "tests/support/temp_dir.h"

namespace cognate::bench {
namespace {

constexpr size_t kFileBytes = 8'192;

struct Options {
  int64_t rows = 100'000;
  int files = 5'000;
  std::string out = "bench/results/capacity.json";
};

// Of one of `count` things that were done between the two.
nlohmann::ordered_json CostOfOne(const Standing& before, const Standing& after, int64_t count) {
  const auto each = [&](double difference, double unit) {
    return static_cast<int64_t>(difference * unit / static_cast<double>(count));
  };
  nlohmann::ordered_json cost;
  cost["services_us"] = each(after.services - before.services, 1e6);
  cost["postgres_us"] = each(after.postgres - before.postgres, 1e6);
  cost["redis_us"] = each(after.redis - before.redis, 1e6);
  cost["database_bytes"] = each(static_cast<double>(after.database - before.database), 1);
  cost["log_bytes"] = each(static_cast<double>(after.log - before.log), 1);
  cost["store_bytes"] = each(static_cast<double>(after.files - before.files), 1);
  return cost;
}

nlohmann::ordered_json Idle(Subject& subject) {
  const absl::Duration span = absl::Seconds(20);
  const Standing before = Standing::Of(subject.cluster());
  absl::SleepFor(span);
  const Standing after = Standing::Of(subject.cluster());
  const double share = 100 / absl::ToDoubleSeconds(span);
  nlohmann::ordered_json idle;
  idle["services_percent"] = (after.services - before.services) * share;
  idle["postgres_percent"] = (after.postgres - before.postgres) * share;
  idle["redis_percent"] = (after.redis - before.redis) * share;
  idle["resident_mib"] = after.resident >> 20;
  idle["redis_mib"] = after.redis_memory >> 20;
  return idle;
}

nlohmann::ordered_json Files(Subject& subject, int count) {
  const test_support::TempDir tree("capacity");
  std::mt19937_64 random(1);
  for (int i = 0; i < count; ++i) {
    std::string content(kFileBytes, '\0');
    for (char& byte : content) byte = static_cast<char>(random());
    std::ofstream(tree.File(absl::StrCat(i, ".bin"))) << content;
  }
  const Standing before = Standing::Of(subject.cluster());
  const cluster::Cluster::Ran ran =
      subject.cluster().Run({"file", "put", tree.path(), "--platform", "agent"});
  if (ran.code != 0) {
    std::cerr << ran.output;
    std::exit(1);
  }
  return CostOfOne(before, Standing::Of(subject.cluster()), count);
}

int Run(const Options& options) {
  nlohmann::ordered_json report;
  Subject subject;
  Say("a cluster with nothing to do");
  WaitUntilIdle();
  report["idle"] = Idle(subject);
  const auto measure = [&](const std::string& what, int64_t count, auto done) {
    Say(absl::StrCat(what, ": ", count));
    WaitUntilIdle();
    const Standing before = Standing::Of(subject.cluster());
    done();
    const Standing after = Standing::Of(subject.cluster());
    report[what] = CostOfOne(before, after, count);
    report[what]["resident_mib"] = after.resident >> 20;
    report[what]["redis_peak_mib"] = after.redis_peak >> 20;
  };
  measure("create", options.rows, [&] { subject.Creates(options.rows); });
  measure("update", options.rows, [&] { subject.Updates(options.rows); });
  measure("create_from_postgres", options.rows, [&] { subject.FromPostgres(options.rows); });
  Say(absl::StrCat("files: ", options.files));
  report["file"] = Files(subject, options.files);
  std::cout << report.dump(2) << "\n";
  report["rows"] = options.rows;
  report["files"] = options.files;
  std::ofstream(options.out) << report.dump(2) << "\n";
  std::cout << "written to " << options.out << "\n";
  return 0;
}

}  // namespace
}  // namespace cognate::bench

int main(int argc, char** argv) {
  cognate::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--quick") {
      options = {.rows = 20'000, .files = 1'000, .out = "build/capacity-quick.json"};
    } else if (absl::ConsumePrefix(&word, "--rows=") && absl::SimpleAtoi(word, &options.rows)) {
    } else if (absl::ConsumePrefix(&word, "--files=") && absl::SimpleAtoi(word, &options.files)) {
    } else if (absl::ConsumePrefix(&word, "--out=")) {
      options.out = std::string(word);
    } else {
      std::cerr << "got " << argv[i] << ", want --rows=N, --files=N, --quick or --out=FILE\n";
      return 2;
    }
  }
  return cognate::bench::Run(options);
}
