// The tables `syncs` and `sync_revisions`.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/configuration_cache.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {

// Judges a sync against the whole configuration, which holds it already as it is to be; completes it (its
// title), and may add warnings.
using CheckSyncFunction =
    absl::FunctionRef<absl::Status(const Configuration&, v1::Sync& sync, std::vector<std::string>* warnings)>;

// Thread safe. Syncs are given by their ids, without `syncs/`.
class SyncStore {
 public:
  SyncStore(postgres::Pool& pool, ConfigurationCache& configurations)
      : pool_(pool), configurations_(configurations) {}

  absl::StatusOr<v1::CreateSyncResponse> Create(const v1::Sync& sync, const CreateRequest& request,
                                                CheckSyncFunction check);
  absl::StatusOr<v1::Sync> Get(absl::string_view sync);
  // One more than the page holds, if there are more.
  absl::StatusOr<std::vector<v1::Sync>> List(const Page& page);
  // Everything that syncs are judged by, at one moment; of the sync `guarded` what it was before the changes
  // that its guard is for. SYNC_NOT_FOUND where there is no such guard.
  absl::StatusOr<Configuration> Configured(absl::string_view guarded = "");
  // Stores what `change` makes of the sync, if `check` agrees. ETAG_MISMATCH when `etag` is set and not the
  // current one.
  absl::StatusOr<v1::UpdateSyncResponse> Update(absl::string_view sync, absl::string_view etag,
                                                absl::FunctionRef<void(v1::Sync&)> change,
                                                CheckSyncFunction check);
  // Runs `act` on the sync under the configuration's lock; gives the sync as it is then. What `act` changes
  // is no part of the definition, and no revision of the sync. ETAG_MISMATCH as in Update.
  absl::StatusOr<v1::Sync> Touch(
      absl::string_view name, absl::string_view sync, absl::string_view etag,
      absl::FunctionRef<absl::Status(postgres::Transaction&, const v1::Sync&)> act);
  // Its row and revisions stay. ETAG_MISMATCH as in Update.
  absl::Status Delete(absl::string_view sync, absl::string_view etag);

 private:
  postgres::Pool& pool_;
  ConfigurationCache& configurations_;
};

// Judges every sync that this transaction's changes concern by the catalogues as they are now, and stores
// which are broken. Gives those of which this is news; the revision is the caller's to raise. Under the
// configuration's lock. Sets `*judged`: once that is committed ConfigurationCache::SetJudged is to be told.
absl::StatusOr<std::vector<v1::SyncDrift>> RefreshBroken(ConfigurationCache& configurations,
                                                         postgres::Transaction& transaction, bool* judged);
// SYNC_NOT_FOUND.
absl::StatusOr<v1::Sync> SelectSync(postgres::Transaction& transaction, absl::string_view sync);

// What lies in `definition`: without what has a column of its own.
absl::StatusOr<std::string> SyncDefinition(v1::Sync sync);

absl::StatusOr<std::vector<v1::Sync>> SelectAllSyncs(postgres::Transaction& transaction);

}  // namespace cognate::platform_registry
