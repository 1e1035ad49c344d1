#include "services/transformer/refuse.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/transformer/outcome_of.h"
#include "services/transformer/peers_client.h"
#include "services/transformer/reach.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {
namespace {

v1::OutcomeError Failed(const absl::Status& why) {
  v1::OutcomeError error;
  error.set_reason("TRANSFORM_FAILED");
  error.set_message(
      absl::StrCat("the record cannot be planned: ", std::string(why.message()),
                   "; the transformer's log says more. A newer change or a redrive tries again"));
  return error;
}

absl::StatusOr<std::string> EntityOf(const RoutedChange& change, const Ledger& ledger) {
  if (change.change->is_delivered()) return change.logged().origin_entity_id();
  v1::ResolveRequest question;
  v1::ResolveGroup* const group = question.add_groups();
  group->set_platform(change.plan->platform);
  group->set_model(change.plan->model);
  group->add_local_ids(change.logged().local_id());
  group->add_versions(change.version());
  ASSIGN_OR_RETURN(const v1::ResolveResponse answer, ledger.resolve(question));
  if (answer.groups_size() != 1 || answer.groups(0).entity_ids_size() != 1) {
    return absl::InternalError("Resolve: the answer does not fit the question");
  }
  return answer.groups(0).entity_ids(0);
}

}  // namespace

absl::StatusOr<std::vector<v1::ReportRequest>> Refuse(const RuleSet& rules, const Wave& wave,
                                                      const Ledger& ledger, const absl::Status& why,
                                                      google::protobuf::Arena* arena) {
  std::vector<v1::ReportRequest> reports;
  const Routed routed = Route(rules, wave, arena);
  Assigned assigned;
  Reach reach;
  // What is refused may be this very question; then every target hears of it.
  if (absl::Status status = FindReach(routed, /*make=*/false, ledger, &assigned, &reach); IsPassing(status))
    return status;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    ASSIGN_OR_RETURN(const std::string entity_id, EntityOf(change, ledger));
    if (entity_id.empty()) continue;  // Nobody knows the record: there is no replica to be in trouble.
    const RecordIdentity identity{entity_id, {}};
    for (const TargetPlan* const target : reach.TargetsOf(routed, i)) {
      if (!target->TakesNow(*change.change)) continue;
      v1::ReportRequest& report = reports.emplace_back();
      report.set_platform(target->platform);
      *report.add_outcomes() =
          OutcomeOf(change, change.version(), identity, *target, v1::OUTCOME_STATUS_REJECTED, Failed(why));
    }
  }
  return reports;
}

}  // namespace cognate::transformer
