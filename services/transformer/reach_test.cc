// A change is weighed by the targets that it can come to something at, and all others would have made nothing
// of it.
#include "services/transformer/reach.h"

#include <iostream>
#include <map>
#include <random>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/transformer/pipeline.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr int kPlatforms = 12;
constexpr int kRecords = 6;

std::string Platform(int number) { return absl::StrCat("p", number); }

std::string EntityOf(absl::string_view local_id) {
  std::string entity(16, '\0');
  entity.replace(0, local_id.size(), local_id.data(), local_id.size());
  return entity;
}

// What the registry says and remembers of a model's records, as far as it matters here.
class AssignedLedger {
 public:
  std::map<std::string, std::set<std::string>> assigned;  // by entity
  // Between two answers, once.
  std::function<void()> meanwhile = [] {};
  int asked_groups = 0;
  int asked_entities = 0;  // by their ids

  v1::ResolveResponse Resolve(const v1::ResolveRequest& request) {
    v1::ResolveResponse response;
    for (const v1::ResolveGroup& group : request.groups()) {
      asked_entities += group.entity_ids_size();
      v1::ResolvedGroup* const resolved = response.add_groups();
      std::vector<std::string> entities(group.entity_ids().begin(), group.entity_ids().end());
      for (const std::string& id : group.local_ids()) entities.push_back(EntityOf(id));
      for (const std::string& entity : entities) {
        resolved->add_entity_ids(entity);
        resolved->add_fingerprints();
        resolved->add_applied_versions(0);
        if (!group.with_assignments()) continue;
        resolved->add_assignment_places(resolved->assignment_sets_size());
        const std::set<std::string>& platforms = assigned[entity];
        resolved->add_assignment_sets()->mutable_platforms()->Assign(platforms.begin(), platforms.end());
      }
    }
    return response;
  }

  v1::PlanResponse Plan(const v1::PlanRequest& request) {
    std::exchange(meanwhile, [] {})();
    v1::PlanResponse response;
    asked_groups += request.groups_size();
    for (const v1::PlanGroup& group : request.groups()) {
      v1::PlannedGroup* const planned = response.add_groups();
      for (int i = 0; i < group.entity_ids_size(); ++i) {
        const bool leaves = i < group.leaves_size() && group.leaves(i) != v1::LEAVE_ACTION_UNSPECIFIED;
        const bool goes = leaves || group.deletes(i);
        bool& is_there = replicas_[group.entity_ids(i)][{group.platform(), group.model()}];
        planned->add_decisions(goes && !is_there ? v1::PLAN_DECISION_APPLIED : v1::PLAN_DECISION_DUE);
        planned->add_local_ids();
        is_there = !goes;
      }
    }
    return response;
  }

  v1::BatchGetReplicasResponse Where(const v1::BatchGetReplicasRequest& request) {
    v1::BatchGetReplicasResponse response;
    for (const std::string& entity : request.entity_ids()) {
      for (const auto& [place, is_there] : replicas_[entity]) {
        v1::Replica* const replica = response.add_replicas();
        replica->set_entity_id(test_support::ValueOrDie(Uuid::FromBytes(entity)).ToString());
        replica->mutable_record()->set_platform(place.first);
        replica->mutable_record()->set_model(place.second);
      }
    }
    return response;
  }

  Ledger Functions(bool with_where) {
    Ledger ledger = {[this](const v1::ResolveRequest& request) { return Resolve(request); },
                     [this](const v1::PlanRequest& request) { return Plan(request); }};
    if (with_where)
      ledger.where = [this](const v1::BatchGetReplicasRequest& request) { return Where(request); };
    return ledger;
  }

  std::set<std::string> There() const {
    std::set<std::string> there;
    for (const auto& [entity, places] : replicas_) {
      for (const auto& [place, is_there] : places)
        if (is_there)
          there.insert(absl::StrCat(entity.substr(0, 2), " on ", place.first, " as ", place.second));
    }
    return there;
  }

 private:
  std::map<std::string, std::map<std::pair<std::string, std::string>, bool>> replicas_;
};

v1::CompiledSync Sync(const std::string& name, const std::string& platform, const std::string& model,
                      const std::string& more) {
  auto compiled = test_support::ParseProto<v1::CompiledSync>(
      absl::StrCat("sync { name: 'syncs/", name,
                   "' status: SYNC_STATUS_ACTIVE source_platform: 'hub' source_model: 'item' ",
                   "target_platform: '", platform, "' target_model: '", model, "' ", more,
                   " } target_key_fields: 'id' fields { source: 'title' target: 'title' source_field { name: "
                   "'title' type: "
                   "FIELD_TYPE_TEXT nullable: true } target_field { name: 'title' type: FIELD_TYPE_TEXT "
                   "nullable: true } } "
                   "source_fields { name: 'title' type: FIELD_TYPE_TEXT nullable: true }"));
  compiled.add_assignment_platforms(platform);
  return compiled;
}

// One change of each record that is named, all in one wave.
bus::v1::ChangeBatch BatchOf(int64_t version, const std::vector<std::string>& records, bool deletes) {
  bus::v1::ChangeBatch batch;
  batch.add_models()->set_platform("hub");
  batch.mutable_models(0)->set_model("item");
  for (const std::string& record : records) {
    auto change = test_support::ParseProto<v1::Change>(
        absl::StrCat("version: ", version, " model: 'item' local_id: '", record,
                     "' fields { name: 'title' value { text_value: 'title ", version % 3, "' } }"));
    ++version;
    change.set_operation(deletes ? v1::OPERATION_DELETE : v1::OPERATION_UPDATE);
    AddLogged(change, &batch);
  }
  return batch;
}

struct Ran {
  std::vector<std::string> deliveries;
  bool is_reassigned = false;
};

Ran Deliver(const RuleSet& rules, const bus::v1::ChangeBatch& batch, const Ledger& ledger) {
  google::protobuf::Arena arena;
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  Ran ran;
  for (const Wave& wave : Collect(batches, 1000)) {
    const WaveResult result =
        test_support::ValueOrDie(RunWave(rules, wave, ledger, nullptr, LaneLimits(), &arena));
    ran.is_reassigned |= result.is_reassigned;
    for (const LaneOrder& lane : result.decisions.lanes) {
      for (const bus::v1::LaneBatch* const lanes : lane.batches) {
        for (const auto& group : lanes->groups()) {
          for (const auto& delivery : group.deliveries())
            ran.deliveries.push_back(absl::StrCat(delivery.source_local_id(), " to ", lane.platform, " ",
                                                  group.model(), ": ", delivery.ShortDebugString()));
        }
      }
    }
  }
  absl::c_sort(ran.deliveries);
  return ran;
}

TEST(ReachTest, WhatIsDeliveredIsTheSameAsIfEveryTargetHadWeighedEachChange) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  v1::Rules rules;
  rules.set_revision(1);
  for (int i = 0; i < kPlatforms; ++i) {
    const std::string leave = chance(30)   ? "leave { action: LEAVE_ACTION_DETACH }"
                              : chance(30) ? "leave { action: LEAVE_ACTION_KEEP }"
                                           : "";
    const std::string scope = absl::StrCat(chance(80) ? "only_assigned: true " : "",
                                           chance(30) ? "filter: \"title = 'title 1'\" " : "");
    *rules.add_syncs() = Sync(absl::StrCat("s", i), Platform(i), "thing", scope + leave);
    // Another into the same target, and one into another model there.
    if (chance(30))
      *rules.add_syncs() = Sync(absl::StrCat("t", i), Platform(i), "thing", "only_assigned: true " + leave);
    if (chance(30))
      *rules.add_syncs() = Sync(absl::StrCat("u", i), Platform(i), "other", "only_assigned: true");
  }
  const RuleSet set(rules);
  AssignedLedger all, near;
  int64_t version = 1;
  for (int step = 0; step < 200; ++step) {
    std::vector<std::string> records;
    for (int record = 0; record < kRecords; ++record) {
      const std::string id = absl::StrCat("r", record);
      if (chance(50)) records.push_back(id);
      if (!chance(30)) continue;
      const std::string platform = Platform(static_cast<int>(random() % kPlatforms));
      for (AssignedLedger* const ledger : {&all, &near}) {
        std::set<std::string>& platforms = ledger->assigned[EntityOf(id)];
        if (platforms.erase(platform) == 0) platforms.insert(platform);
      }
    }
    const bus::v1::ChangeBatch batch = BatchOf(version, records, chance(15));
    version += kRecords;
    const Ran wanted = Deliver(set, batch, all.Functions(false));
    const Ran got = Deliver(set, batch, near.Functions(true));
    ASSERT_EQ(got.deliveries, wanted.deliveries) << "seed " << seed << ", step " << step;
    ASSERT_EQ(near.There(), all.There()) << "seed " << seed << ", step " << step;
    EXPECT_FALSE(got.is_reassigned);
  }
}

TEST(ReachTest, OfManyTargetsOnlyThoseThatARecordIsAssignedToAreAsked) {
  v1::Rules rules;
  rules.set_revision(1);
  for (int i = 0; i < 1000; ++i)
    *rules.add_syncs() = Sync(absl::StrCat("s", i), Platform(i), "thing", "only_assigned: true");
  const RuleSet set(rules);
  AssignedLedger ledger;
  ledger.assigned[EntityOf("r1")] = {"p7", "p9"};
  EXPECT_THAT(Deliver(set, BatchOf(1, {"r1"}, false), ledger.Functions(true)).deliveries,
              ::testing::SizeIs(2));
  EXPECT_EQ(ledger.asked_groups, 2);
  // One that it is no longer assigned to loses it, and is asked as long as the ledger remembers.
  ledger.assigned[EntityOf("r1")] = {"p9"};
  EXPECT_THAT(Deliver(set, BatchOf(2, {"r1"}, false), ledger.Functions(true)).deliveries,
              ::testing::SizeIs(2));
  EXPECT_THAT(ledger.There(), UnorderedElementsAre("r1 on p9 as thing"));
  EXPECT_THAT(Deliver(set, BatchOf(3, {"r2"}, true), ledger.Functions(true)).deliveries, IsEmpty());
}

// The registry answers so many entities and no more, and a wave has fewer records than that.
TEST(ReachTest, WhetherRecordsAreStillAssignedIsAskedOnceForEachWhateverItsTargets) {
  v1::Rules rules;
  rules.set_revision(1);
  AssignedLedger ledger;
  for (int i = 0; i < kPlatforms; ++i) {
    *rules.add_syncs() = Sync(absl::StrCat("s", i), Platform(i), "thing", "only_assigned: true");
    for (const char* const record : {"r1", "r2"}) ledger.assigned[EntityOf(record)].insert(Platform(i));
  }
  const RuleSet set(rules);
  ledger.meanwhile = [&] { ledger.assigned[EntityOf("r2")].erase(Platform(kPlatforms - 1)); };
  const bus::v1::ChangeBatch batch = BatchOf(1, {"r1", "r2"}, false);
  EXPECT_TRUE(Deliver(set, batch, ledger.Functions(true)).is_reassigned);
  EXPECT_EQ(ledger.asked_entities, 2);
}

// Two transformers have two changes of one record in hand. The one that knows that it is assigned no longer
// finds nothing on the target yet; the other one plans it there, and must see that.
TEST(ReachTest, AFirstPlanThatSomebodyUnassignedMeanwhileIsTakenBack) {
  v1::Rules rules;
  rules.set_revision(1);
  *rules.add_syncs() = Sync("s", "p1", "thing", "only_assigned: true");
  const RuleSet set(rules);
  AssignedLedger ledger;
  ledger.assigned[EntityOf("r1")] = {"p1"};
  ledger.meanwhile = [&] {
    ledger.assigned[EntityOf("r1")].clear();
    EXPECT_THAT(Deliver(set, BatchOf(2, {"r1"}, false), ledger.Functions(true)).deliveries, IsEmpty());
  };
  const Ran first = Deliver(set, BatchOf(1, {"r1"}, false), ledger.Functions(true));
  EXPECT_TRUE(first.is_reassigned);
  EXPECT_THAT(first.deliveries, IsEmpty());
  const Ran again = Deliver(set, BatchOf(1, {"r1"}, false), ledger.Functions(true));
  EXPECT_FALSE(again.is_reassigned);
  EXPECT_THAT(again.deliveries, ::testing::SizeIs(1));  // a delete of what was never sent
  EXPECT_THAT(ledger.There(), IsEmpty());
}

}  // namespace
}  // namespace cognate::transformer
