// The rules in force, at each revision compiled as far as they may have changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/sync.pb.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "services/clients/ways_back.h"
#include "services/platform_registry/configuration_cache.h"

namespace cognate::platform_registry {

// Thread safe. One short query a call while nothing has changed.
class RulesCache {
 public:
  RulesCache(postgres::Pool& pool, ConfigurationCache& configurations)
      : pool_(pool), configurations_(configurations) {}

  // That is in force now.
  absl::StatusOr<int64_t> Revision();
  // At the revision that is in force now. To be let go soon: while somebody holds it, the next one is a copy.
  absl::StatusOr<std::shared_ptr<const v1::Rules>> Get();
  // Whether what is written to the model comes back (services/clients/ways_back.h) as soon as it is there:
  // its platform is captured by replication, and no sync from it waits for its turn. At the revision that is
  // in force now.
  absl::StatusOr<bool> ComesBack(const std::string& platform, const std::string& model);

 private:
  absl::StatusOr<std::shared_ptr<const v1::Rules>> Compile();

  // Whoever looks at them counts as a reader until he lets go.
  struct Compiled {
    v1::Rules rules;
    int readers = 0;  // guarded by mutex_
  };

  std::shared_ptr<const v1::Rules> Known(int64_t revision);
  std::shared_ptr<const v1::Rules> Lend() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(const ConfigurationCache::View& view);

  postgres::Pool& pool_;
  ConfigurationCache& configurations_;
  Mutex compiling_;  // by one caller at a time; the others find what it made
  Mutex mutex_;
  // Changed in place, unless it has readers. Null before the first time.
  std::shared_ptr<Compiled> compiled_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> replicating_ ABSL_GUARDED_BY(mutex_);  // platforms captured so
  // By those of compiled_ that have this revision.
  absl::flat_hash_set<clients::ModelName> coming_back_ ABSL_GUARDED_BY(mutex_);
  int64_t coming_back_revision_ ABSL_GUARDED_BY(mutex_) = -1;
};

}  // namespace cognate::platform_registry
