#include "cli/sync_plan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::cli {
namespace {

using test_support::ParseProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<FileSync> File(const std::string& text) {
  return test_support::ValueOrDie(ReadSyncs(text, "s.yaml"));
}

const v1::Sync kThere = ParseProto<v1::Sync>(R"pb(
  name: "syncs/a"
  title: "t"
  status: SYNC_STATUS_ACTIVE
  source_model: "m"
  revision: 4
  etag: "4"
  filter: "x = 1"
)pb");

std::string Plan(const std::string& text, bool prune = false) {
  std::string shown;
  const auto plan = PlanSyncs(File(text), {kThere}, prune);
  for (const PlannedSync& act : plan) shown += FormatPlannedSync(act);
  return shown + FormatPlanSummary(plan);
}

TEST(SyncPlanTest, TellsWhatApplyDoes) {
  EXPECT_EQ(Plan("name: syncs/a\nsource_model: m\nfilter: x = 1\n"), "= syncs/a (unchanged)\n1 unchanged.");
  EXPECT_EQ(
      Plan("name: syncs/a\nstatus: SYNC_STATUS_PAUSED\nsource_model: m\n"),
      "~ syncs/a (update)\n    ~ status: SYNC_STATUS_ACTIVE → SYNC_STATUS_PAUSED\n    - filter: \"x = 1\"\n"
      "1 to update.");
  EXPECT_EQ(Plan("name: syncs/b\nsource_model: m\n"),
            "+ syncs/b (create)\n    + status: SYNC_STATUS_ACTIVE\n    + source_model: m\n1 to create.");
  EXPECT_EQ(Plan("name: syncs/b\nsource_model: m\n", true),
            "+ syncs/b (create)\n    + status: SYNC_STATUS_ACTIVE\n    + source_model: m\n"
            "- syncs/a (delete; what it brought stays): t\n1 to create, 1 to delete.");
  EXPECT_THAT(
      Plan("\nname: syncs/a\nsource_model: mm\nfilter: x = 1\n"),
      HasSubstr("! syncs/a (impossible: what is immutable is different at s.yaml:2; give the sync another "
                "name, or delete syncs/a first)\n    ~ source_model: m → mm\n"));
}

TEST(SyncPlanTest, AnUpdateNamesWholeFields) {
  const auto plan = PlanSyncs(File("name: syncs/a\nsource_model: m\nall_fields: true\n"
                                   "transforms:\n  - trim: {field: a}\n  - trim: {field: b}\n"),
                              {kThere}, false);
  EXPECT_EQ(plan[0].act, SyncAct::kUpdate);
  EXPECT_THAT(plan[0].mask.paths(), ElementsAre("all_fields", "filter", "transforms"));
  EXPECT_EQ(plan[0].current.etag(), "4");
}

}  // namespace
}  // namespace cognate::cli
