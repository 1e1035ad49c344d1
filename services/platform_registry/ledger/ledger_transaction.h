// How the ledger's statements run.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

inline std::optional<absl::string_view> NullIfEmpty(absl::string_view text) {
  return text.empty() ? std::nullopt : std::optional<absl::string_view>(text);
}

// replicas.deleted_version of the living.
inline constexpr int64_t kLiving = std::numeric_limits<int64_t>::max();

// `function` without a transaction around it, again after a deadlock, eight tries in all. For statements
// that are right to repeat. Batches lock what is there in one order, then insert in one order, so that
// deadlocks are left to two ends of unique indexes.
absl::Status RunAgainAfterDeadlock(postgres::Pool& pool, absl::string_view name,
                                   postgres::TransactionFunction function);

}  // namespace cognate::platform_registry
