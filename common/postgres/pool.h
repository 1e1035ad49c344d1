// A bounded set of connections, and the transaction function that every store uses:
//
//   return pool_.InTransaction("get_platform", [&](postgres::Transaction& transaction) -> absl::Status {
//     ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectPlatform, params));
//     …
//   });
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/connection.h"
#include "common/sync/mutex.h"

namespace cognate::postgres {

struct Options : ConnectionOptions {
  int max_connections = 8;
  absl::Duration acquire_timeout = absl::Seconds(10);  // wait for a free connection, then RESOURCE_EXHAUSTED
};

struct PoolStats {
  int open = 0;
  int idle = 0;
  int64_t opened_total = 0;
  int64_t broken_total = 0;
  int64_t waited_total = 0;  // acquisitions that found no free connection
};

// Thread safe; outlives its calls. A broken connection is thrown away, its call answers UNAVAILABLE, and the
// next call opens a new one. Never call a pool from inside one of its own functions.
class Pool {
 public:
  // Opens one connection, to prove the options.
  static absl::StatusOr<std::unique_ptr<Pool>> Create(const Options& options);

  absl::Status InTransaction(absl::string_view name, TransactionFunction function);
  // Calls `function` again, in a new transaction, after a serialization failure or a deadlock; five tries in
  // all. `function` must start from nothing each time.
  absl::Status InTransactionWithRetry(absl::string_view name, TransactionFunction function);
  // Without BEGIN and COMMIT: a single hot statement costs one round trip.
  absl::Status Run(absl::string_view name, TransactionFunction function);

  PoolStats Stats() const;
  const Options& options() const { return options_; }

 private:
  explicit Pool(const Options& options) : options_(options) {}
  absl::Status With(absl::FunctionRef<absl::Status(Connection&)> call);
  absl::StatusOr<std::unique_ptr<Connection>> Acquire();
  std::unique_ptr<Connection> TakeIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(std::unique_ptr<Connection> connection);

  const Options options_;
  mutable Mutex mutex_;
  CondVar released_;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);
  PoolStats stats_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::postgres
