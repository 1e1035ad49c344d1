// Two entities that turned out to be one: one goes on, the other ends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

// Where an entity has, or had, a record.
struct Place {
  int32_t model_id = 0;
  std::string local_id;
  bool lives = false;  // the identity has not ended
};

// The places of these entities, with their rows locked as batches lock them. An entity without any has ended
// in another: one whose records were deleted keeps its places.
absl::StatusOr<absl::flat_hash_map<Uuid, std::vector<Place>>> LockPlaces(postgres::Transaction& transaction,
                                                                         std::vector<Uuid> entities);

struct Merge {
  Uuid ended;
  Uuid heir;
  // What the record that they met in holds now. Up to it, what was due elsewhere for the one that ends is due
  // for its heir; what is newer was written over there.
  int64_t version = 0;
};

// All rows of those that end go; what was due elsewhere for them is due for their heirs: in any version where
// these are not yet. `model_id` is the model of the records that they met in. The rows are locked
// (LockPlaces).
absl::Status MergeEntities(postgres::Transaction& transaction, int32_t model_id,
                           absl::Span<const Merge> merges);

}  // namespace cognate::platform_registry
