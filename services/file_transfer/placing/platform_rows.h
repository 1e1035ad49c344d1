#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"

namespace cognate::file_transfer {

// What is to be forgotten in several tables at once: of a platform or of an entity that is no more. Thread
// safe.
class PlatformRows {
 public:
  explicit PlatformRows(postgres::Pool& pool) : pool_(pool) {}

  // That any row of placing names.
  absl::StatusOr<std::vector<std::string>> Platforms();
  // At most so many rows of each table; whether there may be more.
  absl::StatusOr<bool> DropPlatform(absl::string_view platform, int limit);
  // Whether files were put into the platform's directory. Once noted it is so until the platform is dropped.
  absl::StatusOr<bool> WasWrittenInto(absl::string_view platform);
  absl::Status NoteWrittenInto(absl::string_view platform);
  absl::Status DropEntity(const Uuid& entity);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
