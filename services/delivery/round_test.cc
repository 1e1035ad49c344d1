#include "services/delivery/round.h"

#include <map>

#include "common/value/value.h"
#include "gmock/gmock.h"

namespace cognate::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string Entity(char name) { return std::string(15, '\0') + name; }

// Deliveries of one model, named by letters: what each refers to, and whether a reference may be empty.
class Lane {
 public:
  bus::v1::Delivery& Add(char name, int64_t version, const std::string& references = "",
                         bool optional = false) {
    if (entry_.batch.groups().empty()) entry_.batch.add_groups()->set_model("m");
    bus::v1::Delivery& delivery = *entry_.batch.mutable_groups(0)->add_deliveries();
    delivery.set_entity_id(Entity(name));
    delivery.set_version(version);
    delivery.set_operation(v1::OPERATION_UPDATE);
    for (const char parent : references) {
      v1::Reference& reference = *delivery.add_values()->mutable_reference_value();
      reference.set_entity_id(Entity(parent));
      reference.set_model("m");
      reference.set_optional(optional);
      reference.set_source_local_id(std::string(1, parent));
    }
    return delivery;
  }
  std::vector<LaneEntry> Entries() { return {entry_}; }

  LaneEntry entry_;
};

// Names of the deliveries of each wave; `refused` are not applied.
struct Sent {
  std::vector<std::string> waves;
  std::string waiting;
  std::string incomplete;
};
Sent Send(Round& round, const std::string& known = "", const std::string& refused = "") {
  std::string applied = known;
  Waves waves(round, [&](RoundItem& item) {
    std::vector<v1::Reference*> missing;
    for (v1::Reference* reference : item.missing) {
      if (applied.find(reference->entity_id().back()) == std::string::npos) missing.push_back(reference);
    }
    item.missing = missing;
  });
  Sent sent;
  for (Waves::Wave wave = waves.Next(); !wave.items.empty(); wave = waves.Next()) {
    std::string names;
    for (const Outgoing& outgoing : wave.deliveries) {
      const char name = outgoing.delivery->entity_id().back();
      names.push_back(name);
      if (!outgoing.complete) sent.incomplete.push_back(name);
      if (refused.find(name) == std::string::npos) applied.push_back(name);
    }
    sent.waves.push_back(names);
  }
  for (const size_t index : waves.waiting()) {
    sent.waiting.push_back(round.items()[index].delivery->entity_id().back());
  }
  return sent;
}

TEST(Round, KeepsTheNewestVersionOfWhatComesTwice) {
  Lane lane;
  lane.Add('a', 5);
  lane.Add('b', 6);
  lane.Add('a', 7);
  lane.Add('a', 6);
  Round round(lane.Entries());
  ASSERT_EQ(round.items().size(), 2u);
  EXPECT_EQ(round.items()[0].delivery->version(), 7);
}

TEST(Waves, ParentsGoBeforeTheirChildrenAndDeletesLast) {
  Lane lane;
  lane.Add('c', 1, "b");
  lane.Add('d', 2).set_operation(v1::OPERATION_DELETE);
  lane.Add('b', 3, "a");
  lane.Add('a', 4);
  lane.Add('x', 5);
  Round round(lane.Entries());
  EXPECT_THAT(Send(round).waves, ElementsAre("ax", "b", "cd"));
}

TEST(Waves, WhatRefersToSomethingAbsentWaitsAndSoDoItsChildren) {
  Lane lane;
  lane.Add('b', 1, "?");
  lane.Add('c', 2, "b");
  lane.Add('a', 3, "k");
  Round round(lane.Entries());
  const Sent sent = Send(round, "k");
  EXPECT_THAT(sent.waves, ElementsAre("a"));
  EXPECT_EQ(sent.waiting, "bc");
  const v1::Outcome outcome = WaitingOutcome(round.items()[0]);
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_WAITING);
  EXPECT_EQ(outcome.waits_for_entity_id(), Entity('?'));
  EXPECT_EQ(outcome.waits_for_source().local_id(), "?");
  EXPECT_FALSE(outcome.may_be_incomplete());
}

TEST(Waves, ChildrenOfARefusedParentWait) {
  Lane lane;
  lane.Add('a', 1);
  lane.Add('b', 2, "a");
  Round round(lane.Entries());
  EXPECT_EQ(Send(round, "", "a").waiting, "b");
}

TEST(Waves, ACycleIsOpenedOnlyWhereItMayBe) {
  Lane lane;
  lane.Add('a', 1, "b");
  lane.Add('b', 2, "a", /*optional=*/true);
  lane.Add('c', 3, "a");
  {
    Round round(lane.Entries());
    const Sent sent = Send(round);
    EXPECT_THAT(sent.waves, IsEmpty());
    EXPECT_EQ(sent.waiting, "abc");
    EXPECT_TRUE(WaitingOutcome(round.items()[1]).may_be_incomplete());
  }
  lane.entry_.batch.mutable_groups(0)->mutable_deliveries(1)->set_allow_incomplete(true);
  Round round(lane.Entries());
  const Sent sent = Send(round);
  EXPECT_THAT(sent.waves, ElementsAre("b", "a", "c"));
  EXPECT_EQ(sent.incomplete, "b");
}

TEST(Waves, WhatMayBeIncompleteStillPrefersToBeComplete) {
  Lane lane;
  lane.Add('b', 1, "a", /*optional=*/true).set_allow_incomplete(true);
  lane.Add('a', 2);
  lane.Add('c', 3, "?", /*optional=*/true).set_allow_incomplete(true);
  Round round(lane.Entries());
  const Sent sent = Send(round);
  EXPECT_THAT(sent.waves, ElementsAre("ac", "b"));
  EXPECT_EQ(sent.incomplete, "c");
}

TEST(Waves, ARecordThatRefersToItselfIsACycle) {
  Lane lane;
  lane.Add('a', 1, "a", /*optional=*/true);
  Round round(lane.Entries());
  EXPECT_EQ(Send(round).waiting, "a");
}

// A text that refers to what `parent` names.
void AddSerialized(char parent, bus::v1::Delivery* delivery) {
  v1::EncodedValue& encoded = *delivery->add_values()->mutable_encoded_value();
  encoded.set_encoding(v1::ENCODING_PHP);
  v1::Reference& reference =
      *encoded.mutable_value()->mutable_list_value()->add_values()->mutable_reference_value();
  reference.set_entity_id(Entity(parent));
  reference.set_model("m");
  reference.set_optional(true);
}

TEST(Waves, ATextWithReferencesIsWrittenWhenTheIdsAreKnown) {
  Lane lane;
  AddSerialized('a', &lane.Add('b', 1));
  lane.Add('a', 2);
  Round round(lane.Entries());
  std::string known;
  Waves waves(round, [&](RoundItem& item) {
    if (known.empty()) return;
    item.missing[0]->set_local_id(known);
    item.missing.clear();
  });
  EXPECT_EQ(waves.Next().deliveries[0].delivery->version(), 2);
  known = "seven";
  const Waves::Wave second = waves.Next();
  ASSERT_EQ(second.deliveries.size(), 1u);
  EXPECT_EQ(second.deliveries[0].delivery->values(0).text_value(), "a:1:{i:0;s:5:\"seven\";}");
  EXPECT_TRUE(second.deliveries[0].complete);
}

TEST(Waves, OneThatBreaksACycleHasNullThereAndStillSaysWhatItWaitsFor) {
  Lane lane;
  bus::v1::Delivery& opening = lane.Add('a', 1);
  AddSerialized('b', &opening);
  opening.set_allow_incomplete(true);
  lane.Add('b', 2, "a");
  Round round(lane.Entries());
  Waves waves(round, [](RoundItem&) {});
  const Waves::Wave first = waves.Next();
  ASSERT_EQ(first.deliveries.size(), 1u);
  EXPECT_EQ(first.deliveries[0].delivery->values(0).text_value(), "a:1:{i:0;N;}");
  EXPECT_FALSE(first.deliveries[0].complete);
  v1::Outcome outcome;
  SetWaitsFor(round.items()[0], &outcome);
  EXPECT_EQ(outcome.waits_for_entity_id(), Entity('b'));
}

}  // namespace
}  // namespace cognate::delivery
