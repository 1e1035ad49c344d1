// The configuration in memory, so that a change of one object costs what that object costs. The database is
// the truth: each use begins with what has changed there since (configuration_changes), whoever changed it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/postgres/pool.h"
#include "common/sync/mutex.h"
#include "services/platform_registry/concern.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// Thread safe. A transaction is either one that holds the configuration's lock (LockConfiguration), or one
// that reads all tables as they were at one moment and has read nothing yet.
class ConfigurationCache {
 public:
  struct View {
    const Configuration& configuration;  // as the transaction sees it, what it changed itself included
    const Concern& own;   // what it changed itself; everything until all was judged once (SetJudged)
    Concern& uncompiled;  // what changed since the rules were compiled; for RulesCache alone
  };
  using Use = absl::FunctionRef<absl::Status(const View&)>;

  absl::Status With(postgres::Transaction& transaction, Use use);
  // The same with `sync` in it as it would be; nobody else sees that.
  absl::Status WithSync(postgres::Transaction& transaction, const v1::Sync& sync, Use use);
  absl::StatusOr<Configuration> Copy(postgres::Transaction& transaction);

  // Another version of the program may have judged otherwise: the first who judges in this process judges
  // all. To be called once that is committed.
  void SetJudged();

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // kind, platform (of models), name

  Concern ToJudge() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Refresh(postgres::Transaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LoadAll(postgres::Transaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Reads the changes after known_; false where they are too many, or known_ is ahead of the database.
  absl::StatusOr<bool> LoadChanges(postgres::Transaction& transaction) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Load(postgres::Transaction& transaction, const Key& key, Concern* concern)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LoadPlatform(postgres::Transaction& transaction, const std::string& platform, Concern* concern)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LoadSync(postgres::Transaction& transaction, const std::string& sync, Concern* concern)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Nobody waits for a lock of the database while he holds it, but for one that he has.
  Mutex mutex_;
  Configuration configuration_ ABSL_GUARDED_BY(mutex_);
  bool is_loaded_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_judged_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t known_ ABSL_GUARDED_BY(mutex_) = 0;  // the last change that is committed for sure
  // What may still be rolled back: read again the next time, by whoever comes.
  std::set<Key> uncertain_ ABSL_GUARDED_BY(mutex_);
  Concern own_ ABSL_GUARDED_BY(mutex_);  // without what is_judged_ says
  Concern uncompiled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::platform_registry
