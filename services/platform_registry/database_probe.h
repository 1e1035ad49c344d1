// Whether the database answers: this service does nothing without it, and has no loop whose progress would
// tell.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::platform_registry {

// Thread safe. Asks every `interval` between Start and Stop.
class DatabaseProbe {
 public:
  DatabaseProbe(postgres::Pool& pool, absl::Duration interval) : pool_(pool), interval_(interval) {}

  void Start();
  void Stop() { worker_.reset(); }
  // The last answer; waits for nothing.
  absl::Status Healthy() const;

 private:
  void Ask();

  postgres::Pool& pool_;
  const absl::Duration interval_;
  mutable Mutex mutex_;
  absl::Status last_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::platform_registry
