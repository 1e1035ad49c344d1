// Random conditions of random records: written as text, parsed, and asked, they say what the plain evaluator
// says.
#include <cstdio>

#include "common/condition/test_generator.h"
#include "common/condition/test_writer.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"

namespace cognate::condition {
namespace {

using naive::Generator;
using naive::Node;
using naive::Record;
using naive::World;

std::vector<const v1::Value*> Slots(const Record& record) {
  std::vector<const v1::Value*> slots(record.empty() ? 0 : ModelOfTests::Entries().size());
  for (const auto& [name, value] : record) slots[static_cast<size_t>(ModelOfTests::SlotOf(name))] = &value;
  return slots;
}

TEST(ConditionRandomTest, SaysWhatThePlainEvaluatorSays) {
  const uint64_t seed = test_support::TestSeed();
  const int conditions = test_support::FuzzRuns() / 10;
  const Names names = ModelOfTests::AllNames();
  Generator generator(seed);
  naive::Writer writer(seed);
  int true_ones = 0;
  for (int i = 0; i < conditions; ++i) {
    const Node node = generator.MakeTruth(3);
    const std::string text = writer.Write(node);
    const absl::StatusOr<Condition> condition = Condition::Parse(text, names);
    ASSERT_TRUE(condition.ok()) << "seed " << seed << ": " << text << "\n" << condition.status();
    for (int j = 0; j < 2; ++j) {
      const World world = generator.MakeWorld();
      const std::vector<const v1::Value*> slots = Slots(world.record);
      const std::vector<const v1::Value*> old_slots = Slots(world.old_record);
      const Subject subject{slots, old_slots, world.assigned};
      const bool holds = condition->Matches(subject);
      const std::string explanation = condition->Explain(subject);
      ASSERT_EQ(holds, naive::Holds(node, world)) << "seed " << seed << ": " << text << "\n" << explanation;
      const bool says_no = explanation.find(", want ") != std::string::npos ||
                           explanation.find("says false") != std::string::npos;
      const bool says_never = explanation.find("the condition says") != std::string::npos;
      ASSERT_TRUE(says_never || says_no == !holds) << "seed " << seed << ": " << text << "\n" << explanation;
      true_ones += holds ? 1 : 0;
    }
  }
  EXPECT_GT(true_ones, conditions / 2);
  EXPECT_LT(true_ones, conditions * 3 / 2);
  std::printf("figure condition.random seed=%llu conditions=%d differing=0\n",
              static_cast<unsigned long long>(seed), conditions);
}

}  // namespace
}  // namespace cognate::condition
