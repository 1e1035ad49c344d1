#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// A field that leads to a placed file, and the field at the source that it comes from.
struct PlacementUse {
  Uuid entity;
  std::string model;
  std::string field;
  std::string source_platform;  // empty, like the next two: not known any more
  std::string source_model;
  std::string source_field;
};

// Which fields lead to placements. Thread safe.
class UseStore {
 public:
  explicit UseStore(postgres::Pool& pool) : pool_(pool) {}

  // One for each; nothing where no field leads there any more.
  absl::StatusOr<std::vector<std::optional<PlacementUse>>> Of(absl::Span<const PlacementRow> placements);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
