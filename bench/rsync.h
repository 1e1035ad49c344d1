#pragma once

#include <optional>
#include <string>

namespace cognate::bench {

// Seconds that rsync takes to send the tree to a daemon on this machine, into a new directory; nothing where
// it is not installed (which it says aloud).
std::optional<double> RsyncSeconds(const std::string& tree, const std::string& target);

}  // namespace cognate::bench
