// Entities of one group in ascending order. Concurrent batches then lock their rows in the same order, and
// the primary key is written from left to right.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/ids/uuid.h"
#include "google/protobuf/repeated_field.h"

namespace cognate::platform_registry {

struct EntityOrder {
  std::vector<int> places;  // in the request
  std::vector<Uuid> ids;    // of places[i]

  size_t size() const { return places.size(); }
  // Those at these indexes, in their order.
  EntityOrder Pick(const std::vector<size_t>& indexes) const;
};

// INVALID_FIELD at `path`[i] for an id that has not 16 bytes or comes twice.
absl::StatusOr<EntityOrder> OrderEntities(const google::protobuf::RepeatedPtrField<std::string>& ids,
                                          absl::string_view path);

}  // namespace cognate::platform_registry
