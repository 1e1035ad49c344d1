// What a record would become on its targets, by the stages that deliver, with every decision in words. Writes
// nothing.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "cognate/v1/record.pb.h"
#include "cognate/v1/transformer_service.pb.h"
#include "services/clients/rules_follower.h"
#include "services/transformer/pipeline.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

struct PreviewParts {
  clients::RulesFollower<RuleSet>& rules;
  Ledger ledger;
  std::function<absl::StatusOr<v1::Change>(const v1::RecordKey&)> latest_change;
};

absl::StatusOr<v1::PreviewResponse> Preview(const PreviewParts& parts, const v1::PreviewRequest& request);

}  // namespace cognate::transformer
