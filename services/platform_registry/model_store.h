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
#include "common/postgres/pool.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {

// Thread safe. Platforms are given by their ids, without `platforms/`.
class ModelStore {
 public:
  explicit ModelStore(postgres::Pool& pool) : pool_(pool) {}

  // Puts models into the catalogue; those that were read from a database (`whole`) are all that there are:
  // others leave it, unless a sync names them. Ids stay. The revision rises only if a model differs from
  // before. Gives them as stored.
  absl::StatusOr<std::vector<v1::Model>> Put(absl::string_view platform, absl::Span<const v1::Model> models,
                                             bool whole);
  absl::StatusOr<v1::Model> Get(absl::string_view platform, absl::string_view model);
  // One more than the page holds, if there are more.
  absl::StatusOr<std::vector<v1::Model>> List(absl::string_view platform, const Page& page);

 private:
  postgres::Pool& pool_;
};

// All that have a definition, by platform id and model.
absl::StatusOr<absl::flat_hash_map<std::pair<std::string, std::string>, v1::Model>> SelectAllModels(
    postgres::Transaction& transaction);

}  // namespace cognate::platform_registry
