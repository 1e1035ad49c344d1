// The table `models`: the catalogue.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/postgres/pool.h"
#include "services/platform_registry/configuration_cache.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {

// What became of a catalogue that was put.
struct StoredModels {
  std::vector<v1::Model> models;      // those that were given, as they are stored now
  std::vector<v1::KeptModel> kept;    // custom ones among them that were left alone
  std::vector<v1::SyncDrift> drifts;  // syncs that this broke or mended
};

// Thread safe. Platforms are given by their ids, without `platforms/`.
class ModelStore {
 public:
  ModelStore(postgres::Pool& pool, ConfigurationCache& configurations)
      : pool_(pool), configurations_(configurations) {}

  // Puts models into the catalogue. Those without an origin leave custom entries alone, others do not. Those
  // that were read from a database (`whole`) are all that there are: others leave it, unless they are custom,
  // or a sync names them; these are marked as missing. Ids stay. The revision rises only if a model differs
  // from before, or a sync is broken or mended.
  absl::StatusOr<StoredModels> Put(absl::string_view platform, absl::Span<const v1::Model> models,
                                   bool whole);
  // Analyses leave it as it is. MODEL_NOT_FOUND.
  absl::StatusOr<StoredModels> SetAssignable(absl::string_view platform, absl::string_view model,
                                             bool assignable);
  absl::StatusOr<v1::Model> Get(absl::string_view platform, absl::string_view model);
  // One more than the page holds, if there are more.
  absl::StatusOr<std::vector<v1::Model>> List(absl::string_view platform, const Page& page);

 private:
  postgres::Pool& pool_;
  ConfigurationCache& configurations_;
};

// MODEL_NOT_FOUND, also where it has no definition.
absl::StatusOr<v1::Model> SelectModel(postgres::Transaction& transaction, absl::string_view platform,
                                      absl::string_view model);
// All of the platform that have a definition.
absl::StatusOr<std::vector<v1::Model>> SelectModelsOf(postgres::Transaction& transaction,
                                                      absl::string_view platform);
// All that have a definition, by platform id and model.
absl::StatusOr<absl::flat_hash_map<std::pair<std::string, std::string>, v1::Model>> SelectAllModels(
    postgres::Transaction& transaction);

}  // namespace cognate::platform_registry
