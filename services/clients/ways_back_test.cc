#include "services/clients/ways_back.h"

#include <iostream>
#include <random>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::clients {
namespace {

using ::testing::UnorderedElementsAre;

void Add(const std::string& from, const std::string& to, v1::Rules* rules) {
  v1::Sync& sync = *rules->add_syncs()->mutable_sync();
  sync.set_source_platform(from);
  sync.set_source_model("m");
  sync.set_target_platform(to);
  sync.set_target_model("m");
}

// By a walk from each.
bool LeadsBack(const v1::Rules& rules, const std::string& start) {
  std::vector<std::string> open = {start};
  std::set<std::string> seen;
  while (!open.empty()) {
    const std::string from = open.back();
    open.pop_back();
    for (const v1::CompiledSync& compiled : rules.syncs()) {
      if (compiled.sync().source_platform() != from) continue;
      const std::string& to = compiled.sync().target_platform();
      if (to == start) return true;
      if (seen.insert(to).second) open.push_back(to);
    }
  }
  return false;
}

TEST(WaysBackTest, ModelsBetweenTwoRingsAndBesideThemAreOnNone) {
  v1::Rules rules;
  for (const auto& [from, to] :
       {std::pair("a", "b"), {"b", "a"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"e", "d"}, {"e", "f"}})
    Add(from, to, &rules);
  using Name = ModelName;
  EXPECT_THAT(ModelsOnWaysBack(rules),
              UnorderedElementsAre(Name("a", "m"), Name("b", "m"), Name("d", "m"), Name("e", "m")));
}

TEST(WaysBackTest, OfAnyWaysTheSameComeBackAsByAWalkFromEach) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    v1::Rules rules;
    const unsigned models = 1 + random() % 8;
    for (unsigned ways = random() % 12; ways > 0; --ways)
      Add(absl::StrCat(random() % models), absl::StrCat(random() % models), &rules);
    const auto found = ModelsOnWaysBack(rules);
    for (unsigned model = 0; model < models; ++model)
      EXPECT_EQ(found.contains({absl::StrCat(model), "m"}), LeadsBack(rules, absl::StrCat(model)))
          << "seed " << seed;
  }
}

}  // namespace
}  // namespace cognate::clients
