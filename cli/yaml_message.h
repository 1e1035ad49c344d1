// A YAML tree as a message, by protobuf's JSON mapping with the proto's own field names: what the mapping
// would not take is refused with its place and path.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "cli/yaml_tree.h"
#include "google/protobuf/message.h"

namespace cognate::cli {

// INVALID_FILE: `syncs.yaml:12:3: transforms[0].truncate.max_characters: got "ten", want an integer`.
absl::Status ToMessage(const YamlNode& node, absl::string_view file, google::protobuf::Message* message);

// Where the part of a message stands that a path such as `transforms[3].truncate.field` names, or the nearest
// part above it that is there.
const YamlNode* FindPath(const YamlNode& root, absl::string_view path);

// True for texts that YAML, of any version, reads as something else than a text.
bool IsSpecialScalar(absl::string_view text);

}  // namespace cognate::cli
