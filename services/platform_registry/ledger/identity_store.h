// Who is who: identities in the table `replicas`.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/ledger/model_ids.h"

namespace cognate::platform_registry {

// Thread safe.
class IdentityStore {
 public:
  IdentityStore(postgres::Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}

  // Fills in `resolved` for the group's local ids. A version finds who had the local id then: the entity that
  // the first delete at or after it ended, else the living one. Without versions: the living one, else the
  // one that ended last. `target_model_id` asks for the target's local ids, too. With `group.create`, what is
  // missing is made. A `rules_revision` that is 0 is filled in on the way.
  absl::Status Resolve(const ModelId& model, std::optional<int32_t> target_model_id,
                       const v1::ResolveGroup& group, v1::ResolvedGroup* resolved, int64_t* rules_revision);
  // Fills in the target's local ids of `group.entity_ids`.
  absl::Status FindTargets(int32_t target_model_id, const v1::ResolveGroup& group,
                           v1::ResolvedGroup* resolved);

 private:
  postgres::Pool& pool_;
  const Clock& clock_;
};

}  // namespace cognate::platform_registry
