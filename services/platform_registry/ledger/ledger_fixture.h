// A registry with a source platform `atlas`, two targets `shop` and `mart`, and syncs of `country` to both;
// for tests of the ledger. Entities are given as 16 bytes.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {

// What is planned of one entity.
struct Planned {
  std::string entity;
  int64_t version = 0;
  bool is_delete = false;
  v1::LeaveAction leaves = v1::LEAVE_ACTION_UNSPECIFIED;
  std::string fingerprint = {};
  bool stays = false;
};

// What is settled of one entity.
struct Settled {
  std::string entity;
  int64_t version = 0;
  v1::SettleKind kind = v1::SETTLE_KIND_APPLIED;
  std::string local_id;
  std::string fingerprint;
};

// Calls of the ledger in short; for any registry that has the platforms.
class Ledger {
 public:
  explicit Ledger(Registry& registry) : registry_(registry) {}

  void MakePlatforms() {
    for (const std::string id : {"atlas", "shop", "mart"}) {
      ASSERT_OK(registry_.Call(
          &RegistryStub::CreatePlatform,
          "platform { name: 'platforms/" + id +
              "' kind: PLATFORM_KIND_POSTGRES database { uri: 'postgresql://localhost:1/none' } }"));
      ASSERT_OK(registry_.Call(
          &RegistryStub::PutModels,
          "platform: 'platforms/" + id +
              "' models { model: 'country' key_fields: 'id' fields { name: 'id' type: "
              "FIELD_TYPE_INTEGER has_default: true } fields { name: 'name' type: FIELD_TYPE_TEXT } }"));
    }
    for (const std::string target : {"shop", "mart"}) {
      ASSERT_OK(registry_.Call(&RegistryStub::CreateSync,
                               "sync { name: 'syncs/" + target +
                                   "' source_platform: 'atlas' source_model: 'country' target_platform: '" +
                                   target + "' target_model: 'country' all_fields: true }"));
    }
  }

  absl::StatusOr<v1::ResolvedGroup> Resolve(const std::vector<std::string>& local_ids,
                                            const std::vector<int64_t>& versions, bool create,
                                            const std::string& target = "",
                                            const std::string& platform = "atlas") {
    v1::ResolveRequest request;
    v1::ResolveGroup* group = request.add_groups();
    group->set_platform(platform);
    group->set_model("country");
    group->mutable_local_ids()->Assign(local_ids.begin(), local_ids.end());
    group->mutable_versions()->Assign(versions.begin(), versions.end());
    group->set_create(create);
    group->set_target_platform(target);
    if (!target.empty()) group->set_target_model("country");
    const auto response = registry_.Call(&LedgerStub::Resolve, request);
    if (!response.ok()) return response.status();
    return response->groups(0);
  }
  // The entity of one record at a version (0: the identity alone).
  std::string Entity(const std::string& local_id, int64_t version, bool create = true,
                     const std::string& platform = "atlas") {
    return test_support::ValueOrDie(Resolve({local_id}, {version}, create, "", platform)).entity_ids(0);
  }
  std::string TargetId(const std::string& entity, const std::string& target = "shop") {
    v1::ResolveRequest request;
    request.add_groups()->add_entity_ids(entity);
    request.mutable_groups(0)->set_target_platform(target);
    request.mutable_groups(0)->set_target_model("country");
    return test_support::ValueOrDie(registry_.Call(&LedgerStub::Resolve, request))
        .groups(0)
        .target_local_ids(0);
  }

  absl::StatusOr<v1::PlanResponse> Plan(const std::vector<Planned>& planned,
                                        const std::vector<Planned>& tombstones = {},
                                        const std::string& target = "shop") {
    v1::PlanRequest request;
    if (!planned.empty()) {
      v1::PlanGroup* group = request.add_groups();
      group->set_sync("syncs/" + target);
      group->set_platform(target);
      group->set_model("country");
      for (const Planned& one : planned) {
        group->add_entity_ids(one.entity);
        group->add_versions(one.version);
        group->add_deletes(one.is_delete);
        group->add_leaves(one.leaves);
        group->add_fingerprints(one.fingerprint);
        group->add_stays(one.stays);
      }
    }
    if (!tombstones.empty()) {
      v1::TombstoneGroup* group = request.add_tombstones();
      group->set_platform("atlas");
      group->set_model("country");
      for (const Planned& one : tombstones) {
        group->add_entity_ids(one.entity);
        group->add_versions(one.version);
      }
    }
    return registry_.Call(&LedgerStub::Plan, request);
  }
  // "there settled, absent": how these entities stand on the shop.
  std::string Stands(const std::vector<std::string>& entities) {
    v1::GetReplicaStandsRequest request;
    request.set_platform("shop");
    request.set_model("country");
    request.mutable_entity_ids()->Assign(entities.begin(), entities.end());
    const auto response = registry_.Call(&LedgerStub::GetReplicaStands, request);
    if (!response.ok()) return ErrorReason(response.status());
    std::string words;
    for (const v1::ReplicaStand& stand : response->stands()) {
      absl::StrAppend(&words, words.empty() ? "" : ", ", stand.is_there() ? "there" : "absent",
                      stand.is_settled() ? " settled" : "", stand.is_detached() ? " detached" : "");
    }
    return words;
  }
  // "DUE 17": the decision and the target's local id.
  std::string PlanOne(const Planned& planned, const std::string& target = "shop") {
    const auto response = Plan({planned}, {}, target);
    if (!response.ok()) return ErrorReason(response.status());
    const v1::PlannedGroup& group = response->groups(0);
    const std::string decision =
        v1::PlanDecision_Name(group.decisions(0)).substr(sizeof("PLAN_DECISION_") - 1);
    return group.local_ids(0).empty() ? decision : decision + " " + group.local_ids(0);
  }
  // A delete as the transformer plans it: for the target, and the source record's tombstone.
  std::string PlanDelete(const std::string& entity, int64_t version, const std::string& target = "shop") {
    const auto response = Plan({{entity, version, true}}, {{entity, version}}, target);
    if (!response.ok()) return ErrorReason(response.status());
    return v1::PlanDecision_Name(response->groups(0).decisions(0)).substr(sizeof("PLAN_DECISION_") - 1);
  }

  // What the record of an entity on a target holds by itself.
  absl::Status Hold(const std::string& entity, int64_t version, const std::string& fingerprint,
                    const std::string& target = "shop") {
    v1::PlanRequest request;
    v1::HeldGroup* group = request.add_held();
    group->set_sync("syncs/" + target);
    group->set_platform(target);
    group->set_model("country");
    group->add_entity_ids(entity);
    group->add_versions(version);
    group->add_fingerprints(fingerprint);
    return registry_.Call(&LedgerStub::Plan, request).status();
  }

  absl::Status Settle(const std::vector<Settled>& settled, const std::string& target = "shop") {
    v1::SettleRequest request;
    v1::SettleGroup* group = request.add_groups();
    group->set_platform(target);
    group->set_model("country");
    for (const Settled& one : settled) {
      group->add_entity_ids(one.entity);
      group->add_versions(one.version);
      group->add_kinds(one.kind);
      group->add_local_ids(one.local_id);
      group->add_fingerprints(one.fingerprint);
    }
    return registry_.Call(&LedgerStub::Settle, request).status();
  }

  // "shop/country 17 desired=3 applied=2 PENDING": the entity of this record on the target, as GetReplicas
  // tells.
  std::string Replica(const std::string& local_id, const std::string& target = "shop") {
    v1::GetReplicasRequest request;
    request.mutable_record()->set_platform("atlas");
    request.mutable_record()->set_model("country");
    request.mutable_record()->set_local_id(local_id);
    const auto response = registry_.Call(&LedgerStub::GetReplicas, request);
    if (!response.ok()) return ErrorReason(response.status());
    for (const v1::Replica& replica : response->replicas()) {
      if (replica.record().platform() == target) return Describe(replica);
    }
    return "none";
  }
  static std::string Describe(const v1::Replica& replica) {
    return replica.record().local_id() + " desired=" + std::to_string(replica.desired_version()) +
           " applied=" + std::to_string(replica.applied_version()) + " " +
           v1::ReplicaState_Name(replica.state()).substr(sizeof("REPLICA_STATE_") - 1) +
           (replica.deleted() ? " deleted" : "");
  }

 private:
  Registry& registry_;
};

class LedgerTest : public RegistryTest {
 protected:
  void SetUp() override { ledger_.MakePlatforms(); }
  // Brings a record to the target.
  std::string Bring(const std::string& local_id, int64_t version, const std::string& target_id,
                    const std::string& target = "shop") {
    const std::string entity = ledger_.Entity(local_id, version);
    EXPECT_OK(ledger_.Plan({{entity, version}}, {}, target));
    EXPECT_OK(ledger_.Settle(
        {{entity, version, v1::SETTLE_KIND_APPLIED, target_id, "fingerprint-" + target_id}}, target));
    return entity;
  }

  Ledger ledger_{registry_};
};

}  // namespace cognate::platform_registry
