#include "services/transformer/decide.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/codec/late_ids.h"
#include "services/transformer/echo.h"
#include "services/transformer/file_field.h"
#include "services/transformer/lane_packer.h"

namespace cognate::transformer {
namespace {

v1::ReportRequest& ReportFor(const std::string& platform, std::vector<v1::ReportRequest>* reports) {
  for (v1::ReportRequest& report : *reports) {
    if (report.platform() == platform) return report;
  }
  reports->emplace_back().set_platform(platform);
  return reports->back();
}

void AddTombstones(const Routed& routed, const Resolved& resolved, v1::PlanRequest* request) {
  absl::flat_hash_map<const SourcePlan*, v1::TombstoneGroup*> groups;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    // What a mirror removes is there until its delivery has removed it.
    if (!change.is_delete() || change.is_removed() || resolved.records[i].entity_id.empty()) continue;
    v1::TombstoneGroup*& group = groups[change.plan];
    if (group == nullptr) {
      group = request->add_tombstones();
      group->set_platform(change.plan->platform);
      group->set_model(change.plan->model);
    }
    group->add_entity_ids(std::string(resolved.records[i].entity_id));
    group->add_versions(change.logged().version());
    group->add_delivered_local_ids(change.change->is_delivered() ? change.logged().local_id() : "");
    group->add_local_ids(change.logged().local_id());
  }
}

absl::Status CheckShape(const PlanQuestion& question, const v1::PlanResponse& response) {
  bool fits = question.request.groups_size() == response.groups_size();
  for (int i = 0; fits && i < response.groups_size(); ++i) {
    fits = response.groups(i).decisions_size() == question.request.groups(i).entity_ids_size();
  }
  return fits ? absl::OkStatus() : absl::InternalError("Plan: the answer does not fit the question");
}

// What the ledger is told of a record that leaves. After the source's delete there is nothing to come back
// to: what is kept is given up.
v1::LeaveAction LeaveOf(const RoutedChange& change, const Departure* departure) {
  if (departure == nullptr || departure->action == v1::LEAVE_ACTION_DELETE)
    return v1::LEAVE_ACTION_UNSPECIFIED;
  const bool is_over = change.is_delete() && departure->action == v1::LEAVE_ACTION_KEEP;
  return is_over ? v1::LEAVE_ACTION_DETACH : departure->action;
}

// Groups in which nobody leaves, or nothing is known, say nothing of it.
void DropEmptyArrays(v1::PlanRequest* request) {
  for (v1::PlanGroup& group : *request->mutable_groups()) {
    const auto& leaves = group.leaves();
    const bool leaving = std::any_of(leaves.begin(), leaves.end(),
                                     [](int action) { return action != v1::LEAVE_ACTION_UNSPECIFIED; });
    if (!leaving) group.clear_leaves();
    const auto& stays = group.stays();
    if (std::none_of(stays.begin(), stays.end(), [](bool stay) { return stay; })) group.clear_stays();
    const auto& fingerprints = group.fingerprints();
    const bool known = std::any_of(fingerprints.begin(), fingerprints.end(),
                                   [](const std::string& fingerprint) { return !fingerprint.empty(); });
    if (!known) group.clear_fingerprints();
  }
}

// What records hold by themselves that others write to as well.
void AddHeld(const Routed& routed, const Resolved& resolved, const std::vector<bool>& echoes,
             v1::PlanRequest* request) {
  absl::flat_hash_map<const SourcePlan*, v1::HeldGroup*> groups;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    const absl::string_view entity = resolved.records[i].entity_id;
    if (change.plan->writers.empty() || change.is_delete() || entity.empty() || echoes[i]) continue;
    if (change.change->is_delivered() || change.logged().is_amended()) continue;
    v1::HeldGroup*& group = groups[change.plan];
    if (group == nullptr) {
      group = request->add_held();
      group->set_sync(change.plan->writers.front().sync);
      group->set_platform(change.plan->platform);
      group->set_model(change.plan->model);
    }
    group->add_entity_ids(entity.data(), entity.size());
    group->add_versions(change.version());
    group->add_fingerprints(HeldFingerprint(routed, change));
  }
}

bool IsDelete(const bus::v1::Delivery& delivery) { return delivery.operation() == v1::OPERATION_DELETE; }

// Turns deliveries into deletes of their records.
class DeleteMaker {
 public:
  explicit DeleteMaker(std::deque<Shape>* shapes) : shapes_(*shapes) {}

  void Turn(Item& item) {
    item.outcome.reset();
    item.delivery->set_operation(v1::OPERATION_DELETE);
    item.delivery->clear_values();
    const Shape*& shape = made_[item.target];
    if (shape == nullptr) {
      shapes_.emplace_back().target = item.target;
      shape = &shapes_.back();
    }
    item.shape = shape;
  }

 private:
  std::deque<Shape>& shapes_;
  absl::flat_hash_map<const TargetPlan*, const Shape*> made_;
};

}  // namespace

std::string FingerprintOf(const RoutedChange& change, const Item& item) {
  if (change.logged().is_amended() || change.change->is_delivered()) return "";
  if (!item.shape->fingerprinter.has_value() || item.outcome.has_value() || HasFiles(item)) return "";
  const auto& values = item.delivery->values();
  const bool is_open = std::any_of(values.begin(), values.end(), [](const v1::Value& value) {
    if (value.has_reference_value()) return value.reference_value().local_id().empty();
    return IsNested(value) && codec::HoldsReferences(value);
  });
  return is_open ? "" : item.shape->fingerprinter->Of(values);
}

PlanQuestion AskPlan(const Routed& routed, const Resolved& resolved, const std::vector<bool>& echoes,
                     const Mapped& mapped) {
  PlanQuestion question;
  question.places.reserve(mapped.items.size());
  absl::flat_hash_map<const TargetPlan*, int> groups;
  for (const Item& item : mapped.items) {
    const auto [known, is_new] = groups.emplace(item.target, question.request.groups_size());
    if (is_new) {
      v1::PlanGroup* const group = question.request.add_groups();
      group->set_sync(item.target->parts.front().sync);
      group->set_platform(item.target->platform);
      group->set_model(item.target->model);
    }
    v1::PlanGroup* const group = question.request.mutable_groups(known->second);
    question.places.push_back({known->second, group->entity_ids_size()});
    group->add_entity_ids(item.delivery->entity_id());
    group->add_versions(item.delivery->version());
    group->add_deletes(IsDelete(*item.delivery));
    group->add_leaves(LeaveOf(routed.changes[item.change], item.shape->departure));
    group->add_stays(item.shape->departure != nullptr && item.shape->departure->stays);
    group->add_fingerprints(FingerprintOf(routed.changes[item.change], item));
  }
  DropEmptyArrays(&question.request);
  AddHeld(routed, resolved, echoes, &question.request);
  AddTombstones(routed, resolved, &question.request);
  return question;
}

absl::StatusOr<Decisions> Decide(const Routed& routed, Mapped mapped, const PlanQuestion& question,
                                 const v1::PlanResponse& response, int64_t rules_revision,
                                 const LaneLimits& limits, google::protobuf::Arena* arena) {
  if (absl::Status status = CheckShape(question, response); !status.ok()) return status;
  Decisions decisions;
  DeleteMaker deletes(&mapped.shapes);
  LanePacker packer(rules_revision, limits, arena);
  for (size_t i = 0; i < mapped.items.size(); ++i) {
    Item& item = mapped.items[i];
    const PlanQuestion::Place place = question.places[i];
    const v1::PlannedGroup& planned = response.groups(place.group);
    const v1::PlanDecision decision = planned.decisions(place.index);
    if (decision == v1::PLAN_DECISION_DUE_AS_DELETE) {
      deletes.Turn(item);
    } else if (decision != v1::PLAN_DECISION_DUE) {
      ++(decision == v1::PLAN_DECISION_APPLIED ? decisions.applied : decisions.stale);
      continue;
    }
    ++decisions.due;
    const bool has_local_id = place.index < planned.local_ids_size();
    if (item.outcome.has_value()) {
      if (has_local_id) item.outcome->set_local_id(planned.local_ids(place.index));
      *ReportFor(item.target->platform, &decisions.reports).add_outcomes() = *std::move(item.outcome);
      continue;
    }
    if (has_local_id) item.delivery->set_local_id(planned.local_ids(place.index));
    packer.Add(*routed.changes[item.change].plan, *item.shape, item.delivery);
  }
  decisions.lanes = packer.Take();
  return decisions;
}

}  // namespace cognate::transformer
