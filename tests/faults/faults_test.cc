// The promises under faults: a seeded stream of changes runs through a cluster of five processes into two
// targets while something is broken at random moments; when all is quiet, both targets must be what the
// generator says.
//
// faults_test [name] runs three seeds of each fault, or of those whose names begin so (faults.kill_); with
// --figures fifty seeds.
// --seeds=N --seed=S runs N seeds from S on, and --changes=N says how long the stream is.

#include <algorithm>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/faults/prove.h"
#include "tests/support/eventually.h"

namespace cognate::faults {
namespace {

TEST(Faults, kill_one) {
  Prove("faults.kill_one", [](World& world) {
    while (world.streaming) {
      for (const std::string& name : world.cluster.names()) {
        world.Pause(100, 900);
        world.cluster.Kill(name);
        world.Pause(0, 300);
        world.cluster.Start(name);
      }
    }
  });
}

TEST(Faults, kill_all) {
  Prove("faults.kill_all", [](World& world) {
    while (world.streaming) {
      world.Pause(1'000, 3'000);
      for (const std::string& name : world.cluster.names()) world.cluster.Kill(name);
      for (const std::string& name : world.cluster.names()) world.cluster.Start(name);
    }
  });
}

TEST(Faults, redis_flush) {
  Prove("faults.redis_flush", [](World& world) {
    while (world.streaming) {
      world.Pause(100, 1'500);
      world.cluster.redis().FlushAll();
    }
    world.cluster.redis().FlushAll();
  });
}

TEST(Faults, redis_stop) {
  Prove("faults.redis_stop", [](World& world) {
    world.Pause(500, 2'500);
    world.cluster.redis().Stop();
    absl::SleepFor(absl::Seconds(5));  // The fault itself: away for five seconds, then empty.
    world.cluster.redis().StartAgain();
  });
}

TEST(Faults, postgres_restart) {
  Prove("faults.postgres_restart", [](World& world) {
    for (int i = 0; i < 2; ++i) {
      world.Pause(500, 3'000);
      world.cluster.postgres().Restart(test_support::PostgresServer::Mode::kImmediate);
    }
  });
}

TEST(Faults, target_down) {
  Prove("faults.target_down", [](World& world) {
    world.Pause(500, 2'000);
    const int64_t before = world.beta.WrittenRows();
    world.alpha.server().Stop(test_support::PostgresServer::Mode::kImmediate);
    absl::SleepFor(absl::Seconds(10));  // The fault itself: down for ten seconds.
    const int64_t after = world.beta.WrittenRows();
    world.alpha.server().StartAgain();
    EXPECT_GT(after - before, 1'000) << "beta must go on while alpha is down";
  });
}

// The other replica takes over what the lost one had, soon: every row that was written until then arrives.
void LoseReplica(World& world, const std::string& name) {
  world.Pause(200, 1'500);
  world.cluster.Kill(name);
  const int64_t tick = world.ticker.Tick();
  const absl::Time lost = absl::Now();
  const bool arrived = test_support::Eventually([&] { return world.ticker.Arrived(tick); });
  EXPECT_TRUE(arrived) << "seed " << world.seed << ": nobody took over from " << name;
  std::cout << name << " is lost; all goes on after " << absl::Now() - lost << std::endl;
  EXPECT_EQ(world.ticker.ActiveReaders(), 1) << "seed " << world.seed << ": after the loss of " << name;
  world.cluster.Start(name);
  EXPECT_TRUE(world.cluster.WaitUntilServing());
}

TEST(Faults, replica_lost) {
  const auto lose = [](World& world) {
    std::vector<std::string> services = {"change-capture", "transformer", "delivery", "feedback"};
    std::shuffle(services.begin(), services.end(), world.random);
    for (const std::string& service : services) {
      const int first = world.Below(2);
      LoseReplica(world, absl::StrCat(service, first == 0 ? "" : "-2"));
      // One of the two is the one that had the slot, or the lanes.
      const bool owns = service == "change-capture" || service == "delivery";
      if (owns) LoseReplica(world, absl::StrCat(service, first == 0 ? "-2" : ""));
    }
  };
  Prove("faults.replica_lost", lose, {cluster::Shape::kTwoEach, 800});
}

// The second time reports are given up and made anew before feedback goes on.
TEST(Faults, feedback_hangs) {
  const auto hang = [](World& world) {
    for (const absl::Duration duration : {absl::Seconds(4), absl::Seconds(21)}) {
      world.Pause(1'000, 2'000);
      EXPECT_TRUE(test_support::Eventually([&] { return world.beta.NewestSerial() > 0; }));
      world.cluster.Pause("feedback");
      absl::SleepFor(duration);  // The fault itself: it takes calls and answers none.
      world.cluster.Resume("feedback");
    }
  };
  Prove("faults.feedback_hangs", hang, {.changes_per_second = 800});
}

}  // namespace

std::vector<std::string> Names() {
  std::vector<std::string> names;
  const ::testing::TestSuite& suite = *::testing::UnitTest::GetInstance()->GetTestSuite(0);
  names.reserve(static_cast<size_t>(suite.total_test_count()));
  for (int i = 0; i < suite.total_test_count(); ++i)
    names.push_back(absl::StrCat("faults.", suite.GetTestInfo(i)->name()));
  return names;
}

// Runs only what begins with `word`; false where nothing does.
bool Choose(absl::string_view word) {
  const std::vector<std::string> names = Names();
  if (std::none_of(names.begin(), names.end(),
                   [&](const std::string& name) { return absl::StartsWith(name, word); })) {
    return false;
  }
  if (absl::ConsumePrefix(&word, "faults."))
    ::testing::GTEST_FLAG(filter) = absl::StrCat("Faults.", word, "*");
  return true;
}

}  // namespace cognate::faults

int main(int argc, char** argv) {
  using cognate::faults::settings;
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--figures") {
      settings.seeds = 50;
    } else if (absl::ConsumePrefix(&word, "--seeds=")) {
      if (!absl::SimpleAtoi(word, &settings.seeds)) return 2;
    } else if (absl::ConsumePrefix(&word, "--seed=")) {
      if (!absl::SimpleAtoi(word, &settings.first_seed)) return 2;
    } else if (absl::ConsumePrefix(&word, "--changes=")) {
      if (!absl::SimpleAtoi(word, &settings.changes)) return 2;
    } else if (!cognate::faults::Choose(word)) {
      std::cerr << "got " << word << ", want --figures, --seeds=, --seed=, --changes=, or a name: "
                << absl::StrJoin(cognate::faults::Names(), ", ") << "\n";
      return 2;
    }
  }
  return RUN_ALL_TESTS();
}
