// One fault, tried on seeds: the world that it happens in, and what must be true of it in the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/targets.h"
#include "tests/faults/ticker.h"

namespace cognate::faults {

struct Settings {
  int seeds = 3;
  uint64_t first_seed = 1;
  int changes = 20'000;
};
// Of this program, from its command line.
inline Settings settings;

// In which a fault happens.
struct Surroundings {
  cluster::Shape shape = cluster::Shape::kOneEach;
  int changes_per_second = 2'500;
  cluster::Servers servers = {};
};

struct World {
  World(uint64_t seed_value, const Surroundings& surroundings)
      : seed(seed_value),
        random(seed_value),
        cluster(surroundings.shape, /*durable=*/false, {}, surroundings.servers) {}
  int Below(int bound) { return static_cast<int>(random() % static_cast<uint64_t>(bound)); }
  // A random moment; cut short when the stream has ended.
  void Pause(int min_ms, int max_ms) {
    const absl::Time until = absl::Now() + absl::Milliseconds(min_ms + Below(max_ms - min_ms));
    while (absl::Now() < until && streaming) absl::SleepFor(absl::Milliseconds(5));
  }

  uint64_t seed;
  std::mt19937_64 random;
  cluster::Cluster cluster;
  Target alpha{"alpha"};
  Target beta{"beta"};
  Ticker ticker{{&alpha, &beta}};
  std::atomic<bool> streaming = true;
  // How long nothing went on, where the fault measures it.
  absl::Duration recovery;
};

// Runs a stream of changes for each seed while `fault` happens, waits until all is quiet, compares the
// targets with what the generator says, and prints the figure. `fault` returns, or goes on until
// `world.streaming` ends.
void Prove(const std::string& name, const std::function<void(World&)>& fault,
           const Surroundings& surroundings = {});

}  // namespace cognate::faults
