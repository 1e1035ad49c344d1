#include "services/platform_registry/ledger/ledger_transaction.h"

#include "absl/time/clock.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"

namespace cognate::platform_registry {

absl::Status RunAgainAfterDeadlock(postgres::Pool& pool, absl::string_view name,
                                   postgres::TransactionFunction function) {
  constexpr int kTries = 8;
  Backoff backoff({absl::Milliseconds(2), 2.0, absl::Milliseconds(200)});
  while (true) {
    absl::Status status = pool.Run(name, function);
    if (ErrorReason(status) != "SERIALIZATION_FAILURE" || backoff.attempts() + 1 == kTries) return status;
    absl::SleepFor(backoff.Next());
  }
}

}  // namespace cognate::platform_registry
