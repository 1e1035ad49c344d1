#include "services/platform_registry/mapping_cycle.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::platform_registry {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Platforms a to d with one model m each, fields x, y and z.
class MappingCycleTest : public ::testing::Test {
 protected:
  MappingCycleTest() {
    for (const char* platform : {"a", "b", "c", "d"}) {
      v1::Model model;
      for (const char* field : {"x", "y", "z"}) model.add_fields()->set_name(field);
      configuration_.models[{platform, "m"}] = model;
    }
  }
  // Sync("a", "x", "b", "y"): a.x is written into b.y.
  void Sync(const char* source, const char* source_field, const char* target, const char* target_field) {
    v1::Sync sync;
    sync.set_name("syncs/s" + std::to_string(configuration_.syncs.size()));
    sync.set_source_platform(source);
    sync.set_source_model("m");
    sync.set_target_platform(target);
    sync.set_target_model("m");
    v1::FieldMapping* mapping = sync.add_fields();
    mapping->set_source(source_field);
    mapping->set_target(target_field);
    configuration_.PutSync(sync);
  }

  Configuration configuration_;
};

TEST_F(MappingCycleTest, ALineAndATreeHaveNone) {
  Sync("a", "x", "b", "y");
  Sync("b", "y", "c", "x");
  Sync("a", "x", "d", "x");
  Sync("a", "y", "d", "y");
  EXPECT_THAT(FindMappingCycle(configuration_), IsEmpty());
}

TEST_F(MappingCycleTest, TwoWayPairsAndARingOfThemAreAllowed) {
  Sync("a", "x", "b", "y");
  Sync("b", "y", "a", "x");
  Sync("b", "y", "c", "z");
  Sync("c", "z", "b", "y");
  Sync("c", "z", "a", "x");
  Sync("a", "x", "c", "z");
  EXPECT_THAT(FindMappingCycle(configuration_), IsEmpty());
}

TEST_F(MappingCycleTest, AWayBackIntoAnotherFieldIsNamed) {
  Sync("a", "x", "b", "y");
  Sync("b", "y", "a", "z");
  EXPECT_EQ(FindMappingCycle(configuration_), "m.x on a → m.y on b → m.z on a");
}

TEST_F(MappingCycleTest, AOneWayRingIsAllowed) {
  Sync("a", "x", "b", "x");
  Sync("b", "x", "c", "x");
  Sync("c", "x", "a", "x");
  EXPECT_THAT(FindMappingCycle(configuration_), IsEmpty());
}

TEST_F(MappingCycleTest, ALongWayBackIsFound) {
  Sync("a", "x", "b", "x");
  Sync("b", "x", "a", "x");
  Sync("b", "x", "c", "y");
  Sync("c", "y", "d", "y");
  Sync("d", "y", "a", "y");
  EXPECT_THAT(FindMappingCycle(configuration_), HasSubstr("m.y on d → m.y on a"));
}

}  // namespace
}  // namespace cognate::platform_registry
