// What is written down, and found again.
#include "absl/strings/str_join.h"
#include "common/clock/time_proto.h"
#include "gtest/gtest.h"
#include "services/feedback/audit/audit_fixture.h"
#include "tests/support/explain.h"

namespace cognate::feedback {
namespace {

using test_support::Explain;
using test_support::HasReason;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AuditListTest : public AuditTest {
 protected:
  // The numbers of what is found, in order.
  std::string Found(const v1::ListAuditEntriesRequest& request) {
    return absl::StrJoin(List(request), " ", [](std::string* out, const v1::AuditEntry& entry) {
      absl::StrAppend(out, entry.sequence());
    });
  }
  template <typename Set>
  std::string Where(Set set, bool newest_first = false) {
    v1::ListAuditEntriesRequest request;
    set(*request.mutable_filter());
    request.set_newest_first(newest_first);
    return Found(request);
  }
};

TEST_F(AuditListTest, AnEntryIsKeptAsItWasWithItsNumberAndTime) {
  clock_.Advance(absl::Nanoseconds(1'234'567));
  v1::AuditEntry claimed = Entry();
  claimed.set_sequence(99);
  claimed.set_hash("mine");
  claimed.mutable_time()->set_seconds(1);
  v1::AuditEntry end = Entry();
  end.set_phase(v1::AUDIT_PHASE_END);
  end.set_code("OK");
  EXPECT_OK(Append({claimed, end}));
  const std::vector<v1::AuditEntry> entries = List();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].sequence(), 1);
  EXPECT_EQ(ToTime(entries[0].time()), absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now())));
  EXPECT_EQ(entries[0].previous_hash(), access::AuditChainStart());
  EXPECT_EQ(entries[1].previous_hash(), entries[0].hash());
  EXPECT_EQ(entries[1].code(), "OK");
  v1::AuditEntry kept = entries[0];
  kept.clear_sequence(), kept.clear_time(), kept.clear_previous_hash(), kept.clear_hash();
  EXPECT_EQ(kept.SerializeAsString(), Entry().SerializeAsString());
}

TEST_F(AuditListTest, AClockThatGoesBackBreaksNothing) {
  EXPECT_OK(Append({Entry()}));
  clock_.Advance(-absl::Hours(1));
  EXPECT_OK(Append({Entry()}));
  EXPECT_EQ(Verify(), std::nullopt);
  EXPECT_EQ(Found({}), "1 2");
}

TEST_F(AuditListTest, WhatCannotBeWrittenDownIsRefused) {
  EXPECT_THAT(Append({}), HasReason("INVALID_FIELD"));
  EXPECT_THAT(Append(std::vector<v1::AuditEntry>(101, Entry())), HasReason("INVALID_FIELD"));
  const std::vector<std::function<void(v1::AuditEntry&)>> faults = {
      [](auto& entry) { entry.clear_method(); }, [](auto& entry) { entry.clear_principal(); },
      [](auto& entry) { entry.clear_phase(); },
      [](auto& entry) { entry.set_phase(static_cast<v1::AuditPhase>(7)); },
      [](auto& entry) { entry.set_target(std::string("a\0b", 3)); }};
  for (const auto& fault : faults) {
    v1::AuditEntry entry = Entry();
    fault(entry);
    EXPECT_THAT(Append({Entry(), entry}), HasReason("INVALID_FIELD"));
  }
  EXPECT_THAT(List(), IsEmpty()) << "all or none";
  EXPECT_OK(Append(std::vector<v1::AuditEntry>(100, Entry())));
}

TEST_F(AuditListTest, EachConditionNarrowsIt) {
  const absl::Time start = clock_.Now();
  EXPECT_OK(Append({Entry("CreateSync", "syncs/a"), Entry("UpdateSync", "syncs/b", "keys/bob")}));
  clock_.Advance(absl::Hours(1));
  EXPECT_OK(Append({Entry("UpdateSync", "syncs/a"), Entry("CreateSync", "syncs/a", "local")}));
  EXPECT_EQ(Where([](auto&) {}), "1 2 3 4");
  EXPECT_EQ(Where([](auto&) {}, true), "4 3 2 1");
  EXPECT_EQ(Where([](auto& filter) { filter.set_principal("keys/ada"); }), "1 3");
  EXPECT_EQ(Where([](auto& filter) { filter.set_method("UpdateSync"); }), "2 3");
  EXPECT_EQ(Where([](auto& filter) { filter.set_method("cognate.v1.PlatformRegistryService/UpdateSync"); }),
            "2 3");
  EXPECT_EQ(Where([](auto& filter) { filter.set_method("cognate.v1.Other/UpdateSync"); }), "");
  EXPECT_EQ(Where([](auto& filter) { filter.set_target("syncs/a"); }), "1 3 4");
  EXPECT_EQ(Where([](auto& filter) { filter.set_target("syncs/a"), filter.set_method("CreateSync"); }, true),
            "4 1");
  const auto later = ToTimestamp(start + absl::Minutes(30));
  EXPECT_EQ(Where([&](auto& filter) { *filter.mutable_since() = later; }), "3 4");
  EXPECT_EQ(Where([&](auto& filter) { *filter.mutable_before() = later; }, true), "2 1");
  EXPECT_EQ(Where([&](auto& filter) { filter.mutable_since()->set_seconds(INT64_MAX); }), "");
  EXPECT_EQ(Where([&](auto& filter) { filter.mutable_since()->set_seconds(INT64_MIN); }), "1 2 3 4");
  EXPECT_EQ(Where([](auto& filter) { filter.set_target("' OR true --"); }), "");
}

TEST_F(AuditListTest, PagesGoOnWhereTheLastOneEnded) {
  EXPECT_OK(Append(std::vector<v1::AuditEntry>(7, Entry())));
  v1::ListAuditEntriesRequest request;
  request.set_page_size(3);
  EXPECT_EQ(Found(request), "1 2 3 4 5 6 7");
  request.set_newest_first(true);
  EXPECT_EQ(Found(request), "7 6 5 4 3 2 1");
  ASSERT_OK_AND_ASSIGN(const v1::ListAuditEntriesResponse page, ListAuditEntries(store_, request));
  request.set_page_token(page.next_page_token());
  EXPECT_OK(Append({Entry()}));
  EXPECT_EQ(ListAuditEntries(store_, request)->entries(0).sequence(), 4);
  request.set_newest_first(false);
  EXPECT_THAT(ListAuditEntries(store_, request), HasReason("INVALID_FIELD")) << "the other direction";
  request.set_page_token("nonsense");
  EXPECT_THAT(ListAuditEntries(store_, request), HasReason("INVALID_FIELD"));
  request.clear_page_token();
  request.set_page_size(1001);
  EXPECT_THAT(ListAuditEntries(store_, request), HasReason("INVALID_FIELD"));
  request.set_page_size(-1);
  EXPECT_THAT(ListAuditEntries(store_, request), HasReason("INVALID_FIELD"));
}

TEST_F(AuditListTest, WithoutItsHeadNothingIsWritten) {
  EXPECT_OK(database_->Execute(
      "ALTER TABLE feedback.audit_head DISABLE TRIGGER ALL; DELETE FROM feedback.audit_head"));
  EXPECT_THAT(Append({Entry()}), HasReason("AUDIT_HEAD_MISSING"));
}

// On a fresh table that nobody has analysed, and on an analysed one.
TEST_F(AuditListTest, NoListScansTheTable) {
  EXPECT_OK(database_->Execute(
      "SET search_path = feedback; INSERT INTO audit_entries (sequence, created_at, phase, principal,"
      " principal_display_name, address, method, target, request_id, code, request, previous_hash, hash)"
      " SELECT g, now() - make_interval(secs => 200000 - g), 1, 'keys/' || g % 50, '', '', 'service/Method' "
      "|| g % 80,"
      " 'syncs/' || g % 2000, g::text, '', '', '', '' FROM generate_series(1, 100000) g"));
  for (const bool is_analyzed : {false, true}) {
    if (is_analyzed) {
      EXPECT_OK(database_->Execute("ANALYZE audit_entries"));
    }
    for (const bool newest_first : {false, true}) {
      for (int conditions = 0; conditions < 8; ++conditions) {
        AuditQuery query;
        query.newest_first = newest_first;
        query.limit = 101;
        if (conditions & 1) query.filter.set_principal("keys/7");
        if (conditions & 2) query.filter.set_method("Method7");
        if (conditions & 4) query.filter.set_target("syncs/7");
        ASSERT_OK_AND_ASSIGN(const std::string plan,
                             Explain(*database_, AuditListStatement(query), AuditListParams(query)));
        EXPECT_THAT(plan, HasSubstr("Index Scan")) << is_analyzed << newest_first << conditions;
        EXPECT_THAT(plan, Not(HasSubstr("Seq Scan"))) << is_analyzed << newest_first << conditions;
        if (conditions == 0) {
          EXPECT_THAT(plan, Not(HasSubstr("Sort")));
        }
      }
    }
  }
}

}  // namespace
}  // namespace cognate::feedback
