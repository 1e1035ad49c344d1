// The short numbers by which the ledger names models and syncs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"

namespace cognate::platform_registry {

struct ModelId {
  int32_t model_id = 0;
  int32_t platform_id = 0;
};

struct SyncId {
  int32_t sync_id = 0;
  int32_t source_model_id = 0;
};

// Numbers never change while their platform lives, so they are remembered for some seconds: that long another
// process may go on with a platform that was deleted and made again. Thread safe.
class ModelIds {
 public:
  ModelIds(postgres::Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}

  // Makes a number for a model that the catalogue does not know. PLATFORM_NOT_FOUND.
  absl::StatusOr<ModelId> Find(absl::string_view platform, absl::string_view model);
  // Forgets all numbers, after a platform or sync was made or deleted.
  void Forget();
  // By `syncs/{id}`; deleted syncs, too. SYNC_NOT_FOUND.
  absl::StatusOr<SyncId> FindSync(absl::string_view name);

 private:
  template <typename Id>
  struct Remembered {
    Id id;
    absl::Time until;
  };

  absl::StatusOr<ModelId> Read(const std::string& platform, const std::string& model);
  absl::StatusOr<SyncId> ReadSync(const std::string& sync);

  postgres::Pool& pool_;
  const Clock& clock_;
  Mutex mutex_;
  absl::flat_hash_map<std::pair<std::string, std::string>, Remembered<ModelId>> models_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Remembered<SyncId>> syncs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::platform_registry
