#pragma once

#include <cstdint>
#include <string>

namespace cognate::bench {

// Files per second where each is a tus upload of its own (POST, then PATCH), one after the other over one
// connection to a gateway on this machine: of the first `count` files of the tree.
double TusFilesPerSecond(const std::string& tree, int64_t count);

}  // namespace cognate::bench
