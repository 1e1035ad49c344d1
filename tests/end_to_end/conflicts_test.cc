// Edits of one record on several platforms at the same time: what only one side changed is kept, what both
// changed is decided by a policy, and what loses is listed and can be had again.
#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cognate/v1/conflict_service.grpc.pb.h"
#include "common/worker/worker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/admin.h"
#include "tests/end_to_end/ring.h"

namespace cognate {
namespace {

using ConflictStub = v1::ConflictService::Stub;
using test_support::HasReason;

RingOptions WithPolicies(const std::string& there, const std::string& back) {
  RingOptions options;
  options.stamps = false;
  options.sync = [=](int from, int to) {
    const std::string& policy = from < to ? there : back;
    return policy.empty() ? "" : StrCat("conflict_policy: CONFLICT_POLICY_", policy, " ");
  };
  return options;
}

class Conflicts {
 public:
  explicit Conflicts(Ring& ring) : stub_(v1::ConflictService::NewStub(ring.Channel("change-capture"))) {}

  std::vector<v1::Conflict> List(const std::string& filter = "") {
    std::vector<v1::Conflict> all;
    v1::ListConflictsRequest request = ParseProto<v1::ListConflictsRequest>(filter);
    request.set_page_size(1000);
    while (true) {
      const auto page = grpc_support::Call(*stub_, &ConflictStub::ListConflicts, request, {});
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return all;
      for (const v1::Conflict& conflict : page->conflicts()) all.push_back(conflict);
      if (page->next_page_token().empty()) return all;
      request.set_page_token(page->next_page_token());
    }
  }
  // They are found behind the writes.
  std::vector<v1::Conflict> Await(const std::string& filter = "") {
    std::vector<v1::Conflict> found;
    EXPECT_TRUE(Eventually([&] { return !(found = List(filter)).empty(); }));
    return found;
  }
  absl::StatusOr<v1::ResolveConflictResponse> Resolve(const v1::Conflict& conflict, const std::string& how) {
    auto request = ParseProto<v1::ResolveConflictRequest>(how);
    request.set_name(conflict.name());
    return grpc_support::Call(*stub_, &ConflictStub::ResolveConflict, request, {});
  }

 private:
  std::unique_ptr<ConflictStub> stub_;
};

double Counted(const Ring& ring, const std::string& policy) {
  return cluster::Metric(ring.cluster(), "cognate",
                         StrCat("cognate_conflicts_total{policy=\"", policy, "\"}"));
}

std::string Loser(const v1::ConflictField& field) {
  return (field.own_won() ? field.delivered() : field.own()).text_value();
}

// The note's versions on all sites that have to do with a value, for whoever must find out where it went.
std::string HistoryAround(Ring& ring, const std::string& value) {
  auto database = postgres::Connection::Open(ring.DatabaseUri());
  EXPECT_THAT(database.status(), IsOk());
  const auto rows = (*database)->QueryText(
      "SELECT version, platform, origin_version, is_amended, encode(fields, 'escape'), operation "
      "FROM "
      "change_capture.changes JOIN change_capture.platforms USING (platform_id) ORDER BY version");
  EXPECT_THAT(rows.status(), IsOk());
  const auto fields_of = [&](int row) {
    std::string text;
    for (const char c : std::string(rows->GetText(row, 4))) text += c >= ' ' && c < 127 ? c : '.';
    return text;
  };
  std::string word;
  int first = -1, last = 0;
  for (int row = 0; row < rows->size(); ++row) {
    const std::string fields = fields_of(row);
    if (!absl::StrContains(fields, StrCat(value, ".")) && !absl::EndsWith(fields, value)) continue;
    if (first < 0) first = row;
    last = row;
    if (const size_t at = fields.find("note "); at != std::string::npos)
      word = fields.substr(at, fields.find('.', at) - at);
  }
  std::string history = StrCat(value, " of ", word, "\n");
  int shown = 0;
  for (int row = std::max(0, first - 400); row < rows->size() && shown < 60; ++row) {
    const std::string fields = fields_of(row);
    if (!absl::StrContains(fields, StrCat(word, "."))) continue;
    if (row > last) ++shown;
    absl::StrAppend(&history, rows->GetText(row, 0), " ", rows->GetText(row, 1), " of ",
                    rows->GetText(row, 2), " ", rows->IsNull(row, 3) ? "" : "amended ", fields, "\n");
    if (shown > 12) break;
  }
  return history;
}

// One note that both sites have.
void MakeNote(Ring& ring) {
  ring.Run(0, "INSERT INTO note (word, tag, body) VALUES ('note', 'first tag', 'first body')");
  ring.Settle();
}

void EditAtTheSameTime(Ring& ring, const std::string& on_0, const std::string& on_1) {
  ring.Pause();
  ring.Run(0, StrCat("UPDATE note SET ", on_0, " WHERE word = 'note'"));
  ring.Run(1, StrCat("UPDATE note SET ", on_1, " WHERE word = 'note'"));
  ring.Resume();
}

bool BothHave(Ring& ring, const std::string& tag, const std::string& body) {
  const std::string wanted = StrCat(tag, "|", body);
  return Eventually([&] {
    for (int site = 0; site < ring.size(); ++site) {
      if (ring.Ask(site, "SELECT concat_ws('|', tag, body) FROM note WHERE word = 'note'") != wanted)
        return false;
    }
    return true;
  });
}

TEST(ConflictsTest, WhatOnlyOneSideChangedIsKept) {
  Ring ring(2, WithPolicies("", ""));
  Conflicts conflicts(ring);
  MakeNote(ring);
  EditAtTheSameTime(ring, "tag = 'tag of 0'", "body = 'body of 1'");
  EXPECT_TRUE(BothHave(ring, "tag of 0", "body of 1")) << ring.Shown();
  ring.Settle();
  EXPECT_TRUE(BothHave(ring, "tag of 0", "body of 1")) << ring.Shown();
  EXPECT_THAT(conflicts.List(), ::testing::IsEmpty());
}

TEST(ConflictsTest, TheLaterEditWinsAndTheOtherCanBeRestored) {
  Ring ring(2, WithPolicies("", ""));
  Conflicts conflicts(ring);
  MakeNote(ring);
  EditAtTheSameTime(ring, "tag = 'tag of 0', body = 'body of 0'", "tag = 'tag of 1'");
  EXPECT_TRUE(BothHave(ring, "tag of 1", "body of 0")) << ring.Shown();
  ring.Settle();
  const std::vector<v1::Conflict> found = conflicts.Await();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(Loser(found[0].fields(0)), "tag of 0") << found[0].DebugString();
  EXPECT_EQ(found[0].fields(0).base().text_value(), "first tag");
  EXPECT_EQ(found[0].state(), v1::CONFLICT_STATE_DECIDED);
  EXPECT_TRUE(Eventually([&] { return Counted(ring, "NEWEST") > 0; }));

  EXPECT_THAT(conflicts.Resolve(found[0], "resolution: CONFLICT_RESOLUTION_RESTORE fields: 'colour'"),
              HasReason("INVALID_FIELD"));
  const auto restored = conflicts.Resolve(found[0], "resolution: CONFLICT_RESOLUTION_RESTORE");
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(restored->conflict().state(), v1::CONFLICT_STATE_RESOLVED);
  EXPECT_TRUE(BothHave(ring, "tag of 0", "body of 0")) << ring.Shown();
  ASSERT_THAT(conflicts.Resolve(found[0], "resolution: CONFLICT_RESOLUTION_RESTORE"), IsOk());
  ring.Settle();
  EXPECT_TRUE(BothHave(ring, "tag of 0", "body of 0")) << ring.Shown();
  EXPECT_EQ(conflicts.List("record { platform: 'site-0' }").size() +
                conflicts.List("record { platform: 'site-1' model: 'public.note' }").size(),
            conflicts.List().size());
  EXPECT_THAT(conflicts.List("state: CONFLICT_STATE_OPEN"), ::testing::IsEmpty());
}

TEST(ConflictsTest, ThePolicySaysWhoWins) {
  for (const bool first_wins : {true, false}) {
    SCOPED_TRACE(first_wins);
    Ring ring(2, first_wins ? WithPolicies("SOURCE", "TARGET") : WithPolicies("TARGET", "SOURCE"));
    MakeNote(ring);
    EditAtTheSameTime(ring, "tag = 'tag of 0'", "tag = 'tag of 1'");
    ring.Settle();
    EXPECT_TRUE(BothHave(ring, first_wins ? "tag of 0" : "tag of 1", "first body")) << ring.Shown();
    EditAtTheSameTime(ring, "tag = 'again 0'", "tag = 'again 1'");
    ring.Settle();
    EXPECT_TRUE(BothHave(ring, first_wins ? "again 0" : "again 1", "first body"))
        << HistoryAround(ring, "again 0");
  }
}

TEST(ConflictsTest, APersonDecidesWhereThePolicyIsManual) {
  Ring ring(2, WithPolicies("MANUAL", "MANUAL"));
  Conflicts conflicts(ring);
  MakeNote(ring);
  EditAtTheSameTime(ring, "tag = 'tag of 0'", "tag = 'tag of 1'");
  ring.Settle();
  const std::vector<v1::Conflict> open = conflicts.Await("state: CONFLICT_STATE_OPEN");
  ASSERT_FALSE(open.empty()) << HistoryAround(ring, "tag of 0");
  EXPECT_TRUE(Eventually([&] { return Counted(ring, "MANUAL") > 0; }));
  EXPECT_EQ(Counted(ring, "NEWEST"), 0);
  const std::string loser = Loser(open[0].fields(0));
  EXPECT_TRUE(BothHave(ring, loser == "tag of 0" ? "tag of 1" : "tag of 0", "first body")) << ring.Shown();
  // Each of the two sides may have found it, one after the other.
  EXPECT_TRUE(Eventually([&] {
    for (const v1::Conflict& conflict : conflicts.List("state: CONFLICT_STATE_OPEN")) {
      EXPECT_THAT(conflicts.Resolve(conflict, "resolution: CONFLICT_RESOLUTION_KEEP"), IsOk());
    }
    return conflicts.List("state: CONFLICT_STATE_OPEN").empty();
  }));
}

// Whichever of the two is captured first.
TEST(ConflictsTest, WhatIsDeletedOnOneSideAndEditedOnTheOtherIsGoneOnBothAndTheEditIsListed) {
  Ring ring(2, WithPolicies("", ""));
  Conflicts conflicts(ring);
  constexpr int kNotes = 30;
  ring.Run(0, StrCat("INSERT INTO note (word, tag) SELECT 'note ' || n, 'first' FROM generate_series(1, ",
                     kNotes, ") AS n"));
  ring.Settle();
  ring.Pause();
  for (int i = 1; i <= kNotes; ++i) {
    ring.Run(i % 2, StrCat("UPDATE note SET tag = 'edited ", i, "' WHERE word = 'note ", i, "'"));
    ring.Run(1 - i % 2, StrCat("DELETE FROM note WHERE word = 'note ", i, "'"));
  }
  ring.Resume();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Eventually([&] {
      return ring.Ask(i, "SELECT count(*) FROM note WHERE word LIKE 'note %'") == "0";
    })) << ring.Shown();
  }
  ring.Settle();
  std::set<std::string> listed;
  EXPECT_TRUE(Eventually([&] {
    for (const v1::Conflict& conflict : conflicts.List()) {
      if (conflict.is_delete()) listed.insert(Loser(conflict.fields(0)));
    }
    return listed.size() == kNotes;
  })) << listed.size();
  const std::vector<v1::Conflict> found = conflicts.List();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(conflicts.Resolve(found[0], "resolution: CONFLICT_RESOLUTION_RESTORE"),
              HasReason("RECORD_IS_GONE"));
}

// The ledger hears of a new record some moments after it is there.
TEST(ConflictsTest, WhatIsEditedOrDeletedAsSoonAsItIsThereStaysOneRecord) {
  Ring ring(2, WithPolicies("", ""));
  constexpr int kNotes = 400;
  auto site = test_support::ValueOrDie(postgres::Connection::Open(ring.SiteUri(1)));
  Worker visitor("visitor", [&](StopToken& stop) {
    while (!stop.WaitFor(absl::ZeroDuration())) {
      EXPECT_THAT(site->Execute("UPDATE note SET tag = 'seen' WHERE tag = 'first'"), IsOk());
      EXPECT_THAT(site->Execute("DELETE FROM note WHERE tag = 'short-lived'"), IsOk());
    }
  });
  for (int i = 1; i <= kNotes; ++i) {
    ring.Run(0, StrCat("INSERT INTO note (word, tag) VALUES ('note ", i, "', '",
                       i % 4 == 0 ? "short-lived" : "first", "')"));
  }
  const std::string stay = "SELECT count(*) FROM note WHERE word LIKE 'note %'";
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(
        Eventually([&] { return ring.Ask(i, StrCat(stay, " AND tag = 'seen'")) == StrCat(kNotes * 3 / 4); }));
  }
  visitor.Stop();
  ring.Settle();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Eventually([&] { return ring.Ask(i, stay) == StrCat(kNotes * 3 / 4); })) << ring.Ask(i, stay);
  }
  std::printf("figure conflicts.first_moment records=%d doubled=%d\n", kNotes,
              std::stoi(ring.Ask(0, stay)) - kNotes * 3 / 4);
}

class RandomDeletesTest : public ::testing::TestWithParam<int> {};

TEST_P(RandomDeletesTest, EndTheSameOnEverySite) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  Ring ring(GetParam(), WithPolicies("", ""));
  constexpr int kNotes = 300;
  ring.Run(0, StrCat("INSERT INTO note (word, tag) SELECT 'note ' || n, 'first' FROM generate_series(1, ",
                     kNotes, ") AS n"));
  ring.Settle();
  const auto any_site = [&] { return static_cast<int>(random() % static_cast<unsigned>(ring.size())); };
  std::set<unsigned> deleted;
  for (int i = 0; i < 3000; ++i) {
    const unsigned note = 1 + static_cast<unsigned>(random() % kNotes);
    const std::string which = StrCat(" WHERE word = 'note ", note, "'");
    if (random() % 20 == 0) {
      ring.Run(any_site(), StrCat("DELETE FROM note", which));
      deleted.insert(note);
    } else {
      ring.Run(any_site(), StrCat("UPDATE note SET tag = 'edit ", i, "'", which));
    }
  }
  ring.Settle();
  const std::string left = StrCat(kNotes - deleted.size());
  for (int i = 0; i < ring.size(); ++i) {
    const auto count = [&] { return ring.Ask(i, "SELECT count(*) FROM note WHERE word LIKE 'note %'"); };
    EXPECT_TRUE(Eventually([&] { return count() == left; })) << count() << " of " << left;
  }
  EXPECT_TRUE(Eventually([&] { return ring.AllAgree(); })) << ring.Shown();
  std::printf("figure conflicts.deletes size=%d edits=3000 deleted=%zu differing=%d\n", ring.size(),
              deleted.size(), ring.AllAgree() ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RandomDeletesTest, ::testing::Values(2, 3),
                         ::testing::PrintToStringParamName());

// Every value is written once. One that is gone was either seen by whoever overwrote it, or it is listed.
class RandomEditsTest : public ::testing::TestWithParam<int> {};

TEST_P(RandomEditsTest, EndEqualAndEveryLosingValueIsListed) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  Ring ring(GetParam(), WithPolicies("", ""));
  Conflicts conflicts(ring);
  constexpr int kNotes = 40;
  constexpr int kEdits = 10'000;
  ring.Run(0, StrCat("INSERT INTO note (word, tag, body) SELECT 'note ' || n, 'tag ' || n, 'body ' || n FROM "
                     "generate_series(1, ",
                     kNotes, ") AS n"));
  ring.Settle();
  std::set<std::string> written, seen;
  for (int i = 0; i < kEdits; ++i) {
    const std::string value = StrCat("edit ", i);
    const std::string field = random() % 2 == 0 ? "tag" : "body";
    const auto rows =
        ring.Site(static_cast<int>(random() % static_cast<unsigned>(ring.size())))
            .QueryText(StrCat("WITH old AS (SELECT id, ", field, " AS before FROM note WHERE word = 'note ",
                              1 + random() % kNotes, "' FOR UPDATE) UPDATE note SET ", field, " = '", value,
                              "' FROM old WHERE note.id = old.id RETURNING before"));
    ASSERT_THAT(rows.status(), IsOk());
    ASSERT_EQ(rows->size(), 1);
    written.insert(value);
    seen.insert(std::string(rows->GetText(0, 0)));
  }
  // What is put together from edits is on its way once more.
  for (int i = 0; i < 3; ++i) ring.Settle();
  EXPECT_TRUE(Eventually([&] { return ring.AllAgree(); }));
  const bool agree = ring.AllAgree();
  std::vector<std::string> missing;
  size_t conflict_count = 0;
  const auto none_is_missing = [&] {
    const std::vector<v1::Conflict> all = conflicts.List();
    conflict_count = all.size();
    std::set<std::string> known = seen;
    for (const v1::Conflict& conflict : all) {
      for (const v1::ConflictField& field : conflict.fields()) known.insert(Loser(field));
    }
    const auto there = ring.Site(0).QueryText("SELECT tag FROM note UNION SELECT body FROM note");
    for (int row = 0; row < there->size(); ++row) known.insert(std::string(there->GetText(row, 0)));
    missing.clear();
    std::set_difference(written.begin(), written.end(), known.begin(), known.end(),
                        std::back_inserter(missing));
    return missing.empty();
  };
  EXPECT_TRUE(Eventually(none_is_missing));
  std::printf(
      "figure conflicts.random size=%d seed=%u edits=%d conflicts=%zu differing=%d missing_losers=%zu\n",
      ring.size(), seed, kEdits, conflict_count, agree ? 0 : 1, missing.size());
  EXPECT_TRUE(agree) << ring.Shown();
  EXPECT_THAT(missing, ::testing::IsEmpty()) << HistoryAround(ring, missing.empty() ? "" : missing[0]);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RandomEditsTest, ::testing::Values(2, 3),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace cognate
