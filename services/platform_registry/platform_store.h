// The table `platforms`.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
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

// Thread safe. Platforms are given and taken by their ids, without `platforms/`.
class PlatformStore {
 public:
  PlatformStore(postgres::Pool& pool, ConfigurationCache& configurations)
      : pool_(pool), configurations_(configurations) {}

  absl::StatusOr<v1::CreatePlatformResponse> Create(const v1::Platform& platform,
                                                    const CreateRequest& request);
  absl::StatusOr<v1::Platform> Get(absl::string_view platform);
  // One more than the page holds, if there are more.
  absl::StatusOr<std::vector<v1::Platform>> List(const Page& page);
  // Stores what `change` makes of the platform. ETAG_MISMATCH when `etag` is set and not the current one.
  absl::StatusOr<v1::Platform> Update(absl::string_view platform, absl::string_view etag,
                                      absl::FunctionRef<absl::Status(v1::Platform&)> change);
  // Stores those platforms of a page that `change` says it has changed. The id after which the next page
  // begins; empty after the last one. Nobody else changes platforms meanwhile.
  absl::StatusOr<std::string> ChangePage(const Page& page,
                                         absl::FunctionRef<absl::StatusOr<bool>(v1::Platform&)> change);
  // With its models, keys and tokens. PLATFORM_IN_USE while syncs name it. What the ledger has of it stays,
  // unreachable.
  absl::Status Delete(absl::string_view platform);

 private:
  postgres::Pool& pool_;
  ConfigurationCache& configurations_;
};

// PLATFORM_NOT_FOUND.
absl::StatusOr<v1::Platform> SelectPlatform(postgres::Transaction& transaction, absl::string_view platform);
absl::StatusOr<absl::flat_hash_map<std::string, v1::Platform>> SelectAllPlatforms(
    postgres::Transaction& transaction);

}  // namespace cognate::platform_registry
