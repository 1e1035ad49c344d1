// How fast is the whole way of a change, beside others that move the same rows on the same server?
//
//   pipeline_bench [--rows=200000] [--rounds=5] [--quick] [--out=bench/results/pipeline.json]
//
// Everything is interleaved in one run; figures are medians; each start waits for an idle machine. --quick is
// for looking at one change of the code: fewer rows, one round, no Bucardo, no ten-times run.

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bench/machine.h"
#include "bench/peers.h"
#include "bench/subject.h"

namespace cognate::bench {
namespace {

struct Options {
  int64_t rows = 200'000;
  int rounds = 5;
  bool quick = false;
  std::string out = "bench/results/pipeline.json";
};

class Report {
 public:
  void Add(const std::string& key, double value) {
    values_[key].push_back(value);
    Say(absl::StrCat("  ", key, " ", std::to_string(value)));
  }
  double Of(const std::string& key) const {
    const auto it = values_.find(key);
    return it == values_.end() ? 0 : Median(it->second);
  }

  void Print(std::ostream& out) const {
    const double logical = Of("logical_replication_per_second");
    out << std::left << std::setw(34) << "figure" << std::right << std::setw(12) << "median" << std::setw(12)
        << "min" << std::setw(12) << "max" << std::setw(14) << "of logical\n";
    for (const auto& [key, values] : values_) {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      out << std::left << std::setw(34) << key << std::right << std::fixed << std::setprecision(1)
          << std::setw(12) << Median(values) << std::setw(12) << *low << std::setw(12) << *high;
      if (key.ends_with("per_second") && logical > 0)
        out << std::setw(12) << std::setprecision(2) << Median(values) / logical;
      out << "\n";
    }
  }

  void Write(const std::string& path, const Options& options) const {
    nlohmann::json json;
    json["rows"] = options.rows;
    json["rounds"] = options.rounds;
    for (const auto& [key, values] : values_) json[key] = Median(values);
    std::ofstream(path) << json.dump(2) << "\n";
    std::cout << "written to " << path << "\n";
  }

 private:
  std::map<std::string, std::vector<double>> values_;
};

double MebiBytes(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

void MeasureThroughput(Subject& subject, LogicalReplication& logical, const Options& options,
                       Report& report) {
  for (int round = 1; round <= options.rounds; ++round) {
    Say(absl::StrCat("round ", round, " of ", options.rounds));
    WaitUntilIdle();
    report.Add("logical_replication_per_second", logical.Creates(options.rows));
    WaitUntilIdle();
    report.Add("creates_per_second", subject.Creates(options.rows));
    WaitUntilIdle();
    report.Add("updates_per_second", subject.Updates(options.rows));
    WaitUntilIdle();
    report.Add("from_postgres_per_second", subject.FromPostgres(options.rows));
    if (round == 1) report.Add("rss_mib", MebiBytes(subject.resident_bytes()));
  }
}

void MeasureLatency(Subject& subject, const Options& options, Report& report) {
  Say("latency");
  const absl::Duration duration = absl::Seconds(options.quick ? 4 : 15);
  for (int round = 0; round < (options.quick ? 1 : 3); ++round) {
    WaitUntilIdle();
    const std::vector<double> singles = subject.SingleLatencies(50, duration);
    report.Add("p50_ms", Percentile(singles, 0.50));
    report.Add("p99_ms", Percentile(singles, 0.99));
    WaitUntilIdle();
    report.Add("half_rate_p99_ms",
               Percentile(subject.BatchLatencies(report.Of("creates_per_second") / 2, duration), 0.99));
  }
}

int Run(const Options& options) {
  Report report;
  Subject subject;
  {
    LogicalReplication logical;
    MeasureThroughput(subject, logical, options, report);
  }
  if (!options.quick) {
    WaitUntilIdle();
    if (const auto rate = BucardoCreates(20'000)) report.Add("bucardo_per_second", *rate);
  }
  MeasureLatency(subject, options, report);
  if (!options.quick) {
    Say("ten times as long");
    subject.Creates(options.rows * 10);
    report.Add("rss_mib_ten_times", MebiBytes(subject.resident_bytes()));
  }
  report.Print(std::cout);
  report.Write(options.out, options);
  return 0;
}

}  // namespace
}  // namespace cognate::bench

int main(int argc, char** argv) {
  cognate::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--quick") {
      options.quick = true;
      options.rows = std::min<int64_t>(options.rows, 50'000);
      options.rounds = 1;
      options.out = "build/pipeline-quick.json";
    } else if (absl::ConsumePrefix(&word, "--rows=") && absl::SimpleAtoi(word, &options.rows)) {
    } else if (absl::ConsumePrefix(&word, "--rounds=") && absl::SimpleAtoi(word, &options.rounds)) {
    } else if (absl::ConsumePrefix(&word, "--out=")) {
      options.out = std::string(word);
    } else {
      std::cerr << "got " << argv[i] << ", want --rows=N, --rounds=N, --quick or --out=FILE\n";
      return 2;
    }
  }
  return cognate::bench::Run(options);
}
