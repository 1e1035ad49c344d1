// The key that `cognate up` signs links to files with, where it is given none.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace cognate::cli {

// What `link.key` in the data directory holds; made at random, for its owner alone, if it is not there.
absl::StatusOr<std::string> OwnLinkKey(const std::string& data_dir);

}  // namespace cognate::cli
