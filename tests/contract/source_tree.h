#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// The project's own sources, for tests that read them. Tests run in the repository's root.
namespace cognate::contract {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Files below `folder` that end in one of `endings`, sorted; paths begin with `folder`.
inline std::vector<std::string> FilesBelow(const std::string& folder,
                                           const std::vector<std::string>& endings) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    for (const std::string& ending : endings) {
      if (entry.is_regular_file() && path.ends_with(ending)) files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace cognate::contract
