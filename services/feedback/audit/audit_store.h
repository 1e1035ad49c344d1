#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/audit_service.pb.h"
#include "common/postgres/pool.h"

namespace cognate::feedback {

// Which entries: those for which all that is set here is so. `after` is exclusive, in the order of the list.
struct AuditQuery {
  v1::AuditFilter filter;
  bool newest_first = false;
  std::optional<int64_t> after = {};  // Unset: from the first one on.
  int limit = 0;
};

// The table `audit_entries`. Thread safe.
class AuditStore {
 public:
  explicit AuditStore(postgres::Pool& pool) : pool_(pool) {}

  // All of them or none, one behind the other: gives them their numbers, their time and their hashes. Callers
  // of all processes take turns.
  absl::Status Append(absl::Span<v1::AuditEntry> entries, absl::Time now);
  absl::StatusOr<std::vector<v1::AuditEntry>> List(const AuditQuery& query);

 private:
  postgres::Pool& pool_;
};

// The statement of a query and its parameters, in the order of the statement; for tests of the plan.
postgres::Statement AuditListStatement(const AuditQuery& query);
postgres::Params AuditListParams(const AuditQuery& query);

}  // namespace cognate::feedback
