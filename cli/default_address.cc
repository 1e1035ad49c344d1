#include "cli/default_address.h"

#include <filesystem>

#include "absl/strings/str_cat.h"

namespace cognate::cli {

std::string DefaultAddress(const std::string& data_dir) {
  const std::filesystem::path directory = std::filesystem::absolute(data_dir).lexically_normal();
  return absl::StrCat("unix:", (directory / "cognate.sock").string());
}

}  // namespace cognate::cli
