// Directories of the store on a disk.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/ids/uuid.h"

namespace cognate::file_transfer {

// All directories of a store, where they are missing.
absl::Status MakeDirectories(const std::string& directory);

// What the store in `directory` is; empty where there is none.
absl::StatusOr<std::string> ReadStoreId(const std::string& directory);
absl::Status WriteStoreId(const std::string& directory, const Uuid& store_id);

// OK where there is none.
absl::Status Unlink(const std::string& path);

// Names of files in `directory` that were last changed before.
absl::Status ForEachFile(const std::string& directory, absl::Time before,
                         absl::FunctionRef<absl::Status(absl::string_view)> visit);

}  // namespace cognate::file_transfer
