// What the command line can say of files: where a platform has them, and what a sync does with those of a
// field.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::cli {

// `--files`, `--files-url`, `--files-quota` and `--files-private` of a platform.
struct PlatformFileOptions {
  // Given or not: what is not given stays as it is.
  std::optional<std::string> directory, url;
  std::optional<int64_t> quota_bytes;
  bool allow_private = false;
  CLI::Option* private_option = nullptr;  // says whether that was said

  void Add(CLI::App* command);
  // `paths` gets what an update's mask has to name.
  absl::Status Set(v1::Platform* platform, std::vector<std::string>* paths) const;
};

// In a sentence; nothing where the platform has no place of files.
void PrintPlatformFiles(std::ostream& out, const v1::Platform& platform);

// `--file FIELD[=DIRECTORY]` of a sync, and what goes for all of them.
struct SyncFileOptions {
  std::vector<std::string> fields;
  std::vector<std::string> types;
  std::optional<int64_t> max_bytes;
  std::optional<std::string> placeholder;
  bool link = false;
  bool link_fallback = false;

  void Add(CLI::App* command);
  // Into the mappings of these source fields; with `all_fields` a field that no mapping names gets one.
  absl::Status Set(v1::Sync* sync) const;
};

}  // namespace cognate::cli
