// Sets of parts become changes of the log: what differs, once, and never an older one over a newer.
#include <cstdio>

#include "absl/strings/str_join.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "common/value/value.h"
#include "common/worker/worker.h"
#include "services/change_capture/expansions/part_diff.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::PartSet SetOf(int64_t version, int64_t revision,
                  const std::vector<std::pair<std::string, std::string>>& parts) {
  v1::PartSet set;
  set.mutable_parent()->set_platform("shop");
  set.mutable_parent()->set_model("item");
  set.mutable_parent()->set_local_id("7");
  set.set_model("item_tags");
  set.set_version(version);
  set.set_rules_revision(revision);
  for (const auto& [id, name] : parts) {
    v1::Part& part = *set.add_parts();
    part.set_local_id(id);
    *part.mutable_fields() = value::Fields({{"name", value::Text(name)}});
  }
  return set;
}

TEST(PartDiffTest, TellsWhatComesStaysAndGoes) {
  const PartDiff first = Compare({}, SetOf(5, 1, {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_THAT(first.created, ElementsAre(0, 1, 2));
  const PartDiff second = Compare(first.next, SetOf(6, 1, {{"d", "4"}, {"b", "2"}, {"c", "x"}}));
  EXPECT_THAT(second.created, ElementsAre(0));
  EXPECT_THAT(second.updated, ElementsAre(2));
  EXPECT_THAT(second.deleted, ElementsAre("a"));
  EXPECT_TRUE(second.writes);
  EXPECT_EQ(second.next.turn, 2);
  // The same once more: nothing at all.
  EXPECT_FALSE(Compare(second.next, SetOf(6, 1, {{"d", "4"}, {"b", "2"}, {"c", "x"}})).writes);
  // The same in a newer version: no changes, but the version counts.
  const PartDiff newer = Compare(second.next, SetOf(9, 1, {{"d", "4"}, {"b", "2"}, {"c", "x"}}));
  EXPECT_TRUE(newer.writes);
  EXPECT_THAT(newer.updated, IsEmpty());
  EXPECT_TRUE(Compare(newer.next, SetOf(8, 7, {})).is_stale);
  EXPECT_FALSE(Compare(newer.next, SetOf(9, 2, {})).is_stale);
}

TEST(PartDiffTest, AnErrorAndASkipLeaveThePartsAsTheyAre) {
  const PartDiff first = Compare({}, SetOf(5, 1, {{"a", "1"}}));
  v1::PartSet refused = SetOf(6, 1, {});
  refused.mutable_error()->set_reason("X");
  const PartDiff second = Compare(first.next, refused);
  EXPECT_THAT(second.deleted, IsEmpty());
  EXPECT_THAT(second.next.ids, ElementsAre("a"));
  EXPECT_TRUE(second.next.error.has_value());
  v1::PartSet skipped = SetOf(7, 1, {});
  skipped.set_skipped(true);
  const PartDiff third = Compare(second.next, skipped);
  EXPECT_THAT(third.next.ids, ElementsAre("a"));
  EXPECT_FALSE(third.next.error.has_value());
  EXPECT_TRUE(Compare(third.next, SetOf(6, 9, {})).is_stale);
}

class ExpansionsTest : public CaptureFixture {
 protected:
  void SetUp() override {
    CaptureFixture::SetUp();
    expansions_ = v1::ExpansionService::NewStub(grpc_support::MakeChannel(capture_->address()));
  }
  void TearDown() override {
    expansions_.reset();
    CaptureFixture::TearDown();
  }
  absl::StatusOr<v1::CapturePartsResponse> Take(const std::vector<v1::PartSet>& sets) {
    v1::CapturePartsRequest request;
    for (const v1::PartSet& set : sets) *request.add_sets() = set;
    return grpc_support::Call(*expansions_, &v1::ExpansionService::Stub::CaptureParts, request);
  }
  std::vector<v1::PartSet> List(const std::string& question) {
    const auto listed = ValueOrDie(grpc_support::Call(*expansions_, &v1::ExpansionService::Stub::ListPartSets,
                                                      ParseProto<v1::ListPartSetsRequest>(question)));
    return {listed.sets().begin(), listed.sets().end()};
  }
  // Of the derived model, in order: operation, id, name.
  std::string Log() {
    std::vector<std::string> lines;
    for (const bus::v1::ChangeBatch& batch : OnStream()) {
      for (const bus::v1::LoggedChange& change : batch.changes()) {
        if (batch.models(change.model_index()).model() != "item_tags") continue;
        v1::Fields fields;
        fields.ParseFromString(change.fields());
        const v1::Value* const name = value::Find(fields, "name");
        lines.push_back(absl::StrCat(v1::Operation_Name(change.operation()).substr(10, 1), change.local_id(),
                                     "=", name == nullptr ? "" : name->text_value()));
      }
    }
    return absl::StrJoin(lines, " ");
  }

  // The stream follows the commit.
  void ExpectLog(const std::string& want) {
    EXPECT_TRUE(Eventually([&] { return Log() == want; })) << Log() << "\nwant " << want;
  }

  std::unique_ptr<v1::ExpansionService::Stub> expansions_;
};

TEST_F(ExpansionsTest, WriteWhatDiffersAndNothingElse) {
  const auto first = ValueOrDie(Take({SetOf(5, 1, {{"a", "1"}, {"b", "2"}})}));
  EXPECT_EQ(first.created_count(), 2);
  ExpectLog("Ca=1 Cb=2");
  // The same round once more.
  EXPECT_EQ(ValueOrDie(Take({SetOf(5, 1, {{"a", "1"}, {"b", "2"}})})).created_count(), 0);
  const auto second = ValueOrDie(Take({SetOf(6, 1, {{"c", "3"}, {"b", "x"}})}));
  EXPECT_EQ(second.deleted_count(), 1);
  EXPECT_EQ(second.updated_count(), 1);
  // What goes makes room first, with what it was.
  ExpectLog("Ca=1 Cb=2 Da=1 Ub=x Cc=3");
  // An older set after a newer one.
  EXPECT_EQ(ValueOrDie(Take({SetOf(5, 1, {{"a", "1"}, {"b", "2"}})})).stale_count(), 1);
  EXPECT_EQ(ValueOrDie(Take({SetOf(5, 9, {})})).stale_count(), 1);
  ExpectLog("Ca=1 Cb=2 Da=1 Ub=x Cc=3");
  // The parent is gone; then it comes again.
  EXPECT_EQ(ValueOrDie(Take({SetOf(7, 1, {})})).deleted_count(), 2);
  EXPECT_EQ(ValueOrDie(Take({SetOf(6, 2, {{"b", "x"}})})).stale_count(), 1);
  EXPECT_EQ(ValueOrDie(Take({SetOf(8, 1, {{"b", "y"}})})).created_count(), 1);
  ExpectLog("Ca=1 Cb=2 Da=1 Ub=x Cc=3 Dc=3 Db=x Cb=y");
}

TEST_F(ExpansionsTest, OfARecordThatComesTwiceTheNewestCounts) {
  const auto taken = ValueOrDie(Take({SetOf(9, 1, {{"a", "9"}}), SetOf(8, 1, {{"a", "8"}})}));
  EXPECT_EQ(taken.stale_count(), 1);
  ExpectLog("Ca=9");
}

TEST_F(ExpansionsTest, ManyAtOnceEndAsTheNewest) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (int64_t version = 1; version <= 24; ++version) {
    workers.push_back(std::make_unique<Worker>("take", [this, version](StopToken&) {
      const v1::PartSet set = SetOf(version, 1, {{absl::StrCat("p", version % 4), absl::StrCat(version)}});
      while (!Take({set}).ok()) continue;
    }));
  }
  EXPECT_TRUE(Eventually([&] { return List("").size() == 1 && List("")[0].version() == 24; }));
  workers.clear();
  const v1::PartSet end = List("parent { platform: 'shop' model: 'item' local_id: '7' }")[0];
  EXPECT_EQ(end.version(), 24);
  ASSERT_EQ(end.parts_size(), 1);
  EXPECT_EQ(end.parts(0).local_id(), "p0");
  // The log ends as the set does: one part lives.
  EXPECT_EQ(
      Number(
          "SELECT count(*) FROM (SELECT DISTINCT ON (local_id) operation FROM change_capture.changes WHERE "
          "local_id LIKE 'p%' ORDER BY local_id, version DESC) AS last WHERE operation <> 3"),
      1);
}

TEST_F(ExpansionsTest, CostLittle) {
  constexpr int kRequests = 10, kSets = 500, kParts = 4;
  const auto take_all = [&](int64_t version, const std::string& name) {
    const absl::Time begin = absl::Now();
    for (int request = 0; request < kRequests; ++request) {
      std::vector<v1::PartSet> sets;
      for (int i = 0; i < kSets; ++i) {
        v1::PartSet set = SetOf(version, 1, {});
        set.mutable_parent()->set_local_id(absl::StrCat(request, "-", i));
        for (int part = 0; part < kParts; ++part) {
          v1::Part& made = *set.add_parts();
          made.set_local_id(absl::StrCat(request, "-", i, ",", part));
          *made.mutable_fields() = value::Fields({{"name", value::Text(name)}});
        }
        sets.push_back(std::move(set));
      }
      EXPECT_OK(Take(sets));
    }
    return absl::ToDoubleMicroseconds(absl::Now() - begin) / (kRequests * kSets);
  };
  const double created = take_all(1, "a"), updated = take_all(2, "b"), same = take_all(3, "b");
  std::printf(
      "figure expand.capture parts=%d us_per_set_created=%.0f us_per_set_updated=%.0f us_per_set_same=%.0f\n",
      kParts, created, updated, same);
}

TEST_F(ExpansionsTest, AreListedWithTheirErrors) {
  v1::PartSet refused = SetOf(6, 1, {});
  refused.mutable_error()->set_reason("PART_KEY_TWICE");
  refused.mutable_error()->set_field("tags[1]");
  v1::PartSet other = SetOf(6, 1, {{"o", "1"}});
  other.mutable_parent()->set_local_id("8");
  ASSERT_OK(Take({SetOf(5, 1, {{"a", "1"}})}));
  ASSERT_OK(Take({refused, other}));
  EXPECT_EQ(List("").size(), 2u);
  EXPECT_EQ(List("page_size: 1")[0].parent().local_id(), "7");
  const std::vector<v1::PartSet> wrong = List("only_refused: true parent { platform: 'shop' }");
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].error().field(), "tags[1]");
  EXPECT_EQ(wrong[0].parts(0).local_id(), "a");
  EXPECT_THAT(List("parent { platform: 'other' }"), IsEmpty());
}

TEST_F(ExpansionsTest, WrongRequestsAreRefused) {
  EXPECT_THAT(Take({}), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Take({SetOf(0, 1, {})}), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Take({SetOf(1, 1, {{"a", "1"}, {"a", "2"}})}), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Take({SetOf(1, 1, {{"", "1"}})}), HasReason("INVALID_FIELD"));
}

TEST_F(ExpansionsTest, PartsThemselvesAreNotCaptured) {
  using Registry = v1::PlatformRegistryService::Stub;
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::PutModels, ParseProto<v1::PutModelsRequest>(R"pb(
    platform: "platforms/shop"
    models {
      model: "item_notes"
      fields { name: "item" type: FIELD_TYPE_INTEGER size_bits: 64 }
      fields { name: "place" type: FIELD_TYPE_INTEGER size_bits: 64 }
      fields { name: "value" type: FIELD_TYPE_TEXT }
      expansion {
        model: "item"
        field: "note"
        parent_fields { field: "id" into: "item" }
      }
    }
  )pb")));
  v1::Change change = Item("c1", 1, "x");
  change.set_model("item_notes");
  const auto captured = ValueOrDie(Capture({change}));
  EXPECT_EQ(captured.results(0).error().reason(), "MODEL_IS_EXPANDED");
  EXPECT_THAT(captured.results(0).error().message(), HasSubstr("made of those of \"item\""));
}

}  // namespace
}  // namespace cognate::change_capture
