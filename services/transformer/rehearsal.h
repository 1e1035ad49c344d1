// What changed rules would do to records as they are now: the records of one sync's two models, page by page.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "cognate/v1/transformer_service.pb.h"
#include "services/clients/rules_follower.h"
#include "services/transformer/ledger.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

struct RehearseParts {
  clients::RulesFollower<RuleSet>& rules;
  Ledger ledger;
  std::function<absl::StatusOr<v1::ListLatestChangesResponse>(const v1::ListLatestChangesRequest&)> latest;
  std::function<absl::StatusOr<v1::GetReplicaStandsResponse>(const v1::GetReplicaStandsRequest&)> stands;
  std::function<absl::StatusOr<v1::Rules>(const v1::CompileRulesRequest&)> compile;
};

// What becomes of one record. The renderings live as long as the call that gives it.
struct Rehearsed {
  const v1::Change* change = nullptr;
  v1::RehearsedOutcome outcome = v1::REHEARSED_OUTCOME_UNSPECIFIED;
  v1::LeaveAction leaves = v1::LEAVE_ACTION_UNSPECIFIED;
  std::string reason;
  v1::ReplicaStand stand;
  // The target loses it by the changed rules, and has not lost it by those before.
  bool is_taken_away = false;
  // Writes what it would be by the rules before and after.
  absl::FunctionRef<void(v1::RehearsedRecord*)> show;
};

// Not movable.
class Rehearsal {
 public:
  // Of all rules those of the syncs between the two models of `sync`. What is guarded in `after` is rehearsed
  // as it is when it is approved.
  Rehearsal(const RehearseParts& parts, const v1::Sync& sync, const v1::Rules& before,
            const v1::Rules& after);

  // Gives `tell` each of these records of the source model, in their order.
  absl::Status Run(const google::protobuf::RepeatedPtrField<v1::Change>& changes,
                   absl::FunctionRef<void(const Rehearsed&)> tell) const;

 private:
  const RehearseParts& parts_;
  const v1::Sync sync_;
  const RuleSet before_;
  const RuleSet after_;
};

}  // namespace cognate::transformer
