#pragma once

#include <string>

namespace cognate::cli {

inline constexpr char kDefaultDataDir[] = ".cognate";

// "unix:<data-dir>/cognate.sock", from the root on: where `cognate up` answers, and where every other command
// looks.
std::string DefaultAddress(const std::string& data_dir = kDefaultDataDir);

}  // namespace cognate::cli
