// Files of syncs: YAML, one sync a document (docs/syncs.md).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/yaml_tree.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::cli {

struct FileSync {
  v1::Sync sync;
  std::string file;
  YamlNode root;  // as it stands there

  // `syncs.yaml:12`, of a part such as `sync.transforms[3].truncate.field`.
  std::string PlaceOf(absl::string_view path) const;
};

// What the services say themselves is left out of syncs that are compared and written: title, revision,
// times, etag.
void ClearOutputOnly(v1::Sync* sync);

// INVALID_FILE with the line and the path.
absl::StatusOr<std::vector<FileSync>> ReadSyncs(absl::string_view text, absl::string_view file);
// All of several files, `-` being what comes in; a name that comes twice is refused.
absl::StatusOr<std::vector<FileSync>> ReadSyncFiles(const std::vector<std::string>& files);
// The same syncs give the same bytes.
std::string WriteSyncs(const std::vector<v1::Sync>& syncs);

}  // namespace cognate::cli
