// What changed rules would do is told beforehand: by random rules over random records, against what then
// happens.
#include <cstdio>
#include <map>
#include <random>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/end_to_end/rehearse_fixture.h"

namespace cognate {
namespace {

using test_support::IsOk;

constexpr int kCases = 30;

// Rows of the shop by their ids: which transaction wrote each.
using Rows = std::map<std::string, std::string>;

class RehearsedRulesTest : public RehearseTest {
 protected:
  int Dice(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }
  std::string Pick(const std::vector<std::string>& from) {
    return from[static_cast<size_t>(Dice(static_cast<int>(from.size())))];
  }

  // None of these is what another one is.
  std::string RandomRules(int number) {
    std::string rules = absl::StrCat("max_leaving_percent: 100 transforms { constant { into: 'note_", number,
                                     "' value { int64_value: ", number, " } } } ");
    const std::string filter = Pick(
        {"", "amount > 50", "status = \"new\" or amount < 30", "status != \"old\"", "amount is not null"});
    if (!filter.empty()) absl::StrAppend(&rules, "filter: '", filter, "' ");
    absl::StrAppend(&rules, Pick({"", "ignore_ids: ['3', '4', '5', '60']",
                                  "transforms { change_case { field: 'word' letter_case: LETTER_CASE_UPPER } "
                                  "when: 'amount < 40' } ",
                                  "transforms { script { source: 'if record.amount == 7 then skip(\"seven\") "
                                  "elseif record.amount == 8 then reject(\"eight\") end' } } "}));
    absl::StrAppend(&rules, Pick({"", "", " leave { action: LEAVE_ACTION_KEEP }",
                                  " leave { action: LEAVE_ACTION_UNPUBLISH values { name: 'visible' value { "
                                  "bool_value: false } } }",
                                  " leave { action: LEAVE_ACTION_SOFT_DELETE time_field: 'deleted_at' }"}));
    return Notes(rules);
  }

  Rows RowsOfShop() {
    Rows rows;
    const std::string all = Ask(*shop_, "SELECT coalesce(string_agg(id || ':' || xmin, ' '), '') FROM note");
    for (const absl::string_view row : absl::StrSplit(all, ' ', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(row, absl::MaxSplits(':', 1));
      rows.insert(parts);
    }
    return rows;
  }
  // "made 3, written 5, gone 7"
  static std::string Happened(const Rows& before, const Rows& after) {
    int made = 0, written = 0, gone = 0;
    for (const auto& [id, transaction] : after) {
      const auto was = before.find(id);
      ++(was == before.end() ? made : written);
      if (was != before.end() && was->second == transaction) --written;
    }
    for (const auto& [id, transaction] : before) gone += after.contains(id) ? 0 : 1;
    return absl::StrCat("made ", made, ", written ", written, ", gone ", gone);
  }
  static std::string Foretold(const v1::RehearseResponse& response) {
    int64_t made = 0, written = 0, gone = 0;
    for (const v1::RehearsedCount& count : response.counts()) {
      if (count.outcome() == v1::REHEARSED_OUTCOME_CREATE) made += count.count();
      if (count.outcome() == v1::REHEARSED_OUTCOME_UPDATE) written += count.count();
      if (count.outcome() != v1::REHEARSED_OUTCOME_LEAVE) continue;
      if (count.leaves() == v1::LEAVE_ACTION_DELETE) gone += count.count();
      if (count.leaves() == v1::LEAVE_ACTION_UNPUBLISH || count.leaves() == v1::LEAVE_ACTION_SOFT_DELETE)
        written += count.count();
    }
    return absl::StrCat("made ", made, ", written ", written, ", gone ", gone);
  }

  std::mt19937 random_{7};
};

TEST_P(RehearsedRulesTest, AreWhatThenHappens) {
  ASSERT_THAT(Make(Notes("")), IsOk());
  Hub("INSERT INTO note (word, status, amount) SELECT 'word ' || i, (ARRAY['new', 'old', 'kept'])[1 + i % "
      "3], "
      "CASE WHEN i % 11 <> 0 THEN i % 100 END FROM generate_series(1, 300) i");
  ASSERT_TRUE(AwaitInShop("300"));
  AwaitAllDone();
  int differing = 0;
  for (int i = 1; i <= kCases; ++i) {
    const std::string rules = RandomRules(i);
    v1::RehearseRequest request;
    *request.mutable_sync() = test_support::ParseProto<v1::Sync>(rules);
    request.set_last_records(100'000);
    const auto foretold = Do(*transformer_, &v1::TransformerService::Stub::Rehearse, request);
    ASSERT_THAT(foretold, IsOk()) << rules;
    EXPECT_TRUE(foretold->is_complete());
    EXPECT_FALSE(foretold->would_be_held()) << "100 %";
    const Rows before = RowsOfShop();
    const int64_t runs = RunsSoFar();
    ASSERT_THAT(Change(rules), IsOk()) << rules;
    ASSERT_TRUE(AwaitRuns(runs + 1)) << rules;
    AwaitAllDone();
    const std::string happened = Happened(before, RowsOfShop());
    EXPECT_EQ(Foretold(*foretold), happened) << rules << "\n" << foretold->ShortDebugString();
    differing += Foretold(*foretold) == happened ? 0 : 1;
    Hub(absl::StrCat("UPDATE note SET amount = (amount * 31 + ", i, ") % 100 WHERE id % 10 = ", i % 10,
                     "; DELETE FROM note WHERE id = ", 200 + i));
    AwaitAllDone();
  }
  std::printf("figure rehearse.equals_delivery cases=%d differing=%d\n", kCases, differing);
}

TEST_P(RehearsedRulesTest, LooksAtTheRecordsThatWereChangedLast) {
  Hub("INSERT INTO note (word, status) SELECT 'word ' || i, 'new' FROM generate_series(1, 60) i");
  ASSERT_THAT(Make(Notes("")), IsOk());
  ASSERT_TRUE(AwaitInShop("60"));
  Hub("UPDATE note SET status = 'old' WHERE id > 50");
  ASSERT_TRUE(AwaitInShop("10", "status = 'old'"));
  AwaitAllDone();
  v1::RehearseRequest request;
  *request.mutable_sync() = test_support::ParseProto<v1::Sync>(
      Notes("filter: 'status = \"new\"' transforms { change_case { field: 'word' letter_case: "
            "LETTER_CASE_UPPER } }"));
  request.set_last_records(20);
  request.set_samples(2);
  auto foretold = Do(*transformer_, &v1::TransformerService::Stub::Rehearse, request);
  ASSERT_THAT(foretold, IsOk());
  EXPECT_EQ(foretold->record_count(), 20);
  EXPECT_FALSE(foretold->is_complete());
  ASSERT_EQ(foretold->counts_size(), 2) << foretold->ShortDebugString();
  EXPECT_EQ(foretold->counts(0).outcome(), v1::REHEARSED_OUTCOME_UPDATE);
  EXPECT_EQ(foretold->counts(0).count(), 10);
  ASSERT_EQ(foretold->counts(0).samples_size(), 2);
  const v1::RehearsedRecord& sample = foretold->counts(0).samples(0);
  EXPECT_EQ(sample.record().local_id(), "50") << "newest first";
  EXPECT_EQ(sample.before().fields(0).value().text_value(), "word 50");
  EXPECT_EQ(sample.after().fields(0).value().text_value(), "WORD 50");
  EXPECT_EQ(foretold->counts(1).leaves(), v1::LEAVE_ACTION_DELETE);
  EXPECT_EQ(foretold->leaving_count(), 10);
  EXPECT_EQ(foretold->target_record_count(), 20);
  EXPECT_TRUE(foretold->would_be_held());
  EXPECT_EQ(InShop("word LIKE 'WORD%'"), "0");

  request.mutable_sync()->set_filter("nothing = 1");
  EXPECT_THAT(Do(*transformer_, &v1::TransformerService::Stub::Rehearse, request),
              test_support::HasReason("INVALID_FIELD"));
  request.mutable_sync()->clear_filter();
  request.mutable_sync()->set_name("syncs/another");
  request.mutable_sync()->set_target_model("public.marker");
  request.mutable_sync()->mutable_fields()->DeleteSubrange(1, 1);
  foretold = Do(*transformer_, &v1::TransformerService::Stub::Rehearse, request);
  ASSERT_THAT(foretold, IsOk()) << "one that is not there yet";
  EXPECT_EQ(foretold->counts(0).outcome(), v1::REHEARSED_OUTCOME_CREATE);
  EXPECT_EQ(foretold->counts(0).count(), 20);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RehearsedRulesTest,
                         ::testing::Values(cluster::Shape::kOneProcess, cluster::Shape::kOneEach),
                         [](const auto& tested) {
                           return tested.param == cluster::Shape::kOneProcess ? "OneProcess" : "OneEach";
                         });

}  // namespace
}  // namespace cognate
