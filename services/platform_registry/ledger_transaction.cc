#include "services/platform_registry/ledger_transaction.h"

#include "common/status/error.h"

namespace cognate::platform_registry {

absl::Status RunAgainAfterDeadlock(postgres::Pool& pool, absl::string_view name,
                                   postgres::TransactionFunction function) {
  constexpr int kTries = 5;
  for (int attempt = 1;; ++attempt) {
    absl::Status status = pool.Run(name, function);
    if (ErrorReason(status) != "SERIALIZATION_FAILURE" || attempt == kTries) return status;
  }
}

}  // namespace cognate::platform_registry
