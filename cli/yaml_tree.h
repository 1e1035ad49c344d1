// YAML as a tree whose nodes know where they stand. What could make a small file a large tree is refused:
// aliases and anchors, tags, depth and size; so are keys that come twice, keys that are no texts, and what is
// not UTF-8.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::cli {

inline constexpr size_t kMaxYamlBytes = 1u << 20;
inline constexpr size_t kMaxYamlDepth = 64;
inline constexpr size_t kMaxYamlNodes = 100'000;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  int line = 0;  // from 1
  int column = 0;
  bool is_quoted = false;  // a scalar in quotes or in a block: always a text
  std::string text;        // of a scalar
  std::vector<YamlNode> items;
  std::vector<Entry> entries;  // as they stand

  // Of a map; nullptr if there is none.
  const YamlNode* Find(absl::string_view key) const;
};

struct YamlNode::Entry {
  std::string key;
  int line = 0;
  int column = 0;
  YamlNode value;
};

// INVALID_FILE: `syncs.yaml:12:3: got …, want …`.
absl::Status WrongInFile(absl::string_view file, int line, int column, absl::string_view what);

// One tree for each document that is not empty. `file` is for errors.
absl::StatusOr<std::vector<YamlNode>> ReadYaml(absl::string_view text, absl::string_view file);

}  // namespace cognate::cli
