// The rules in force, compiled once for each revision.
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

namespace cognate::platform_registry {

// Thread safe. One short query a call while nothing has changed.
class RulesCache {
 public:
  explicit RulesCache(postgres::Pool& pool) : pool_(pool) {}

  // That is in force now.
  absl::StatusOr<int64_t> Revision();
  // At the revision that is in force now.
  absl::StatusOr<std::shared_ptr<const v1::Rules>> Get();
  // Whether what is written to the model comes back (services/clients/ways_back.h) as soon as it is there:
  // its platform is captured by replication, and no sync from it waits for its turn. At the revision that is
  // in force now.
  absl::StatusOr<bool> ComesBack(const std::string& platform, const std::string& model);

 private:
  absl::StatusOr<std::shared_ptr<const v1::Rules>> Compile();

  std::shared_ptr<const v1::Rules> Known(int64_t revision);

  postgres::Pool& pool_;
  Mutex compiling_;  // by one caller at a time; the others find what it made
  Mutex mutex_;
  std::shared_ptr<const v1::Rules> rules_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<clients::ModelName> coming_back_ ABSL_GUARDED_BY(mutex_);  // by rules_
};

}  // namespace cognate::platform_registry
