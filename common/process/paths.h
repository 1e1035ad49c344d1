// Where programs lie.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::process {

// A name without a slash is looked up in PATH; a path is taken as it is. NOT_FOUND when nothing there can be
// run.
absl::StatusOr<std::string> FindInPath(absl::string_view program);

// The newest of `/usr/lib/postgresql/*/bin`, or the directory of `postgres` in PATH.
absl::StatusOr<std::string> FindPostgresBinaries();

}  // namespace cognate::process
