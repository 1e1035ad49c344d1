// Whether a sync can work, judged from the whole configuration before it is stored: the earliest place that
// can know.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cognate/v1/sync.pb.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {

// Everything that was found.
struct SyncJudgement {
  std::vector<FieldViolation> violations;  // with every wrong field's path and what to do
  std::vector<absl::Status> refusals;      // MODEL_CANNOT_BE_CAPTURED, FIELD_WRITTEN_TWICE, MAPPING_CYCLE
  std::vector<SyncWarning> warnings;

  // OK, or why the sync cannot be stored: INVALID_FIELD with all violations, else the first refusal.
  absl::Status ToStatus() const;
};

// `configuration.syncs` holds `sync` already, as it is to be. Fills in its title. What is wrong in one place
// does not hide what is wrong in another.
SyncJudgement JudgeSync(const Configuration& configuration, v1::Sync& sync);
// Why a sync that could be stored once no longer fits both catalogues, with every wrong field's path and what
// to do; empty if it fits. Other syncs are only looked at for where references lead.
std::string WhyBroken(const Configuration& configuration, const v1::Sync& sync);
// JudgeSync's answer as a status; `warnings` gets their messages.
absl::Status CheckSync(const Configuration& configuration, v1::Sync& sync,
                       std::vector<std::string>* warnings);

}  // namespace cognate::platform_registry
