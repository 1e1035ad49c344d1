#include "bench/machine.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace cognate::bench {
namespace {

struct CpuTimes {
  double idle = 0;
  double all = 0;
};

CpuTimes ReadCpuTimes() {
  std::ifstream stat("/proc/stat");
  std::string word;
  stat >> word;
  CpuTimes times;
  for (int i = 0; i < 8; ++i) {
    double ticks = 0;
    stat >> ticks;
    times.all += ticks;
    if (i == 3 || i == 4) times.idle += ticks;
  }
  return times;
}

}  // namespace

void WaitUntilIdle(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  double idle = 0;
  while (absl::Now() < deadline) {
    const CpuTimes before = ReadCpuTimes();
    absl::SleepFor(absl::Seconds(1));
    const CpuTimes after = ReadCpuTimes();
    idle = (after.idle - before.idle) / std::max(1.0, after.all - before.all);
    if (idle >= 0.92) return;
  }
  Say(absl::StrCat("the machine is busy: only ", static_cast<int>(idle * 100),
                   " % idle; measuring all the same"));
}

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

double SecondsUntil(const std::string& what, absl::Time started, absl::Duration pause,
                    const std::function<bool()>& done) {
  while (!done()) {
    if (absl::Now() - started > absl::Minutes(5)) {
      std::cerr << "gave up after five minutes: " << what << "\n";
      std::exit(1);
    }
    absl::SleepFor(pause);
  }
  return absl::ToDoubleSeconds(absl::Now() - started);
}

std::unique_ptr<test_support::PostgresServer> DurableServer() {
  auto server = test_support::PostgresServer::Start({.durable = true});
  if (!server.ok()) {
    std::cerr << server.status() << "\n";
    std::exit(1);
  }
  return *std::move(server);
}

void Say(const std::string& text) { std::cerr << text << std::endl; }

}  // namespace cognate::bench
