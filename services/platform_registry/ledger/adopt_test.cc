// Whose the records are that a target had before anything was brought to it.
#include "common/worker/worker.h"
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

class AdoptTest : public LedgerTest {
 protected:
  // One letter for each: Granted, Taken, Ended.
  std::string Adopt(const std::vector<std::pair<std::string, std::string>>& asked,
                    const std::string& platform = "shop") {
    v1::AdoptRequest request;
    request.set_platform(platform);
    request.set_model("country");
    for (const auto& [entity, local_id] : asked) {
      request.add_entity_ids(entity);
      request.add_local_ids(local_id);
    }
    const auto response = registry_.Call(&LedgerStub::Adopt, request);
    if (!response.ok()) return ErrorReason(response.status());
    std::string letters;
    for (const int decision : response->decisions()) {
      letters +=
          v1::AdoptDecision_Name(static_cast<v1::AdoptDecision>(decision))[sizeof("ADOPT_DECISION_") - 1];
    }
    return letters;
  }
};

TEST_F(AdoptTest, ARecordThatNobodyHasIsGrantedAndNotedAtOnce) {
  const std::string one = ledger_.Entity("1", 5), two = ledger_.Entity("2", 5);
  EXPECT_EQ(ledger_.PlanOne({one, 5}), "DUE");
  EXPECT_EQ(Adopt({{one, "17"}, {two, ""}}), "GG");
  EXPECT_EQ(Adopt({{one, "17"}}), "G") << "once more";
  EXPECT_EQ(ledger_.Replica("1"), "17 desired=5 applied=0 PENDING");
  EXPECT_EQ(ledger_.Entity("17", 6, true, "shop"), one);
}

TEST_F(AdoptTest, AnEntityThatIsKnownThereAloneEnds) {
  const std::string theirs = ledger_.Entity("17", 3, true, "shop");
  const std::string ours = ledger_.Entity("1", 5);
  EXPECT_EQ(ledger_.PlanOne({ours, 5}), "DUE");
  EXPECT_EQ(Adopt({{ours, "17"}}), "G");
  EXPECT_EQ(ledger_.Entity("17", 0, false, "shop"), ours);
  EXPECT_EQ(ledger_.Entity("17", 2, false, "shop"), ours) << "also as of its earlier versions";
  // The other one was on its way here at the same time.
  EXPECT_EQ(Adopt({{theirs, "1"}}, "atlas"), "E");
  EXPECT_EQ(Adopt({{theirs, ""}}, "atlas"), "E");
  EXPECT_EQ(ledger_.Entity("1", 0, false), ours);
}

TEST_F(AdoptTest, AnEntityThatIsKnownElsewhereKeepsItsRecord) {
  const std::string theirs = Bring("9", 3, "17");
  const std::string ours = ledger_.Entity("1", 5);
  EXPECT_EQ(Adopt({{ours, "17"}}), "T");
  EXPECT_EQ(ledger_.TargetId(theirs), "17");
}

TEST_F(AdoptTest, WhatWasDueForTheOneThatEndsIsDueForTheOther) {
  const std::string theirs = ledger_.Entity("17", 3, true, "shop");
  EXPECT_EQ(ledger_.PlanOne({theirs, 7}, "mart"), "DUE");
  const std::string ours = ledger_.Entity("1", 5);
  EXPECT_EQ(ledger_.PlanOne({ours, 5}), "DUE");
  EXPECT_EQ(Adopt({{ours, "17"}}), "G");
  EXPECT_EQ(ledger_.Replica("1", "mart"), " desired=1 applied=0 PENDING");
  EXPECT_EQ(ledger_.PlanOne({ours, 4}, "mart"), "DUE");
}

TEST_F(AdoptTest, OfTwoThatAskForEachOthersRecordsOneEnds) {
  for (int i = 0; i < 20; ++i) {
    const std::string left = std::to_string(i), right = std::to_string(100 + i);
    const std::string ours = ledger_.Entity(left, 5), theirs = ledger_.Entity(right, 5, true, "shop");
    std::string there, back;
    {
      Worker worker("adopt", [&](StopToken&) { there = Adopt({{ours, right}}); });
      back = Adopt({{theirs, left}}, "atlas");
    }
    EXPECT_THAT(there + back, testing::AnyOf("GE", "EG"));
    const std::string& heir = there == "G" ? ours : theirs;
    EXPECT_EQ(ledger_.Entity(left, 0, false), heir);
    EXPECT_EQ(ledger_.Entity(right, 0, false, "shop"), heir);
  }
}

TEST_F(AdoptTest, ASkippedVersionIsDoneWithoutARecord) {
  const std::string entity = ledger_.Entity("1", 5);
  EXPECT_EQ(ledger_.PlanOne({entity, 5}), "DUE");
  ASSERT_OK(ledger_.Settle({{entity, 5, v1::SETTLE_KIND_SKIPPED, "", ""}}));
  EXPECT_EQ(ledger_.Replica("1"), " desired=5 applied=5 SKIPPED");
  EXPECT_EQ(ledger_.PlanOne({entity, 6}), "DUE") << "it looks again";
  ASSERT_OK(ledger_.Settle({{entity, 6, v1::SETTLE_KIND_APPLIED, "17", "six"}}));
  EXPECT_EQ(ledger_.Replica("1"), "17 desired=6 applied=6 CONVERGED");
}

}  // namespace
}  // namespace cognate::platform_registry
