// Messages as YAML that people read and yaml_message.h reads back: protobuf's JSON mapping with the proto's
// own field names, in the order of their numbers, without what is not set. The same message gives the same
// bytes.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace cognate::cli {

// Lines, each ended; nothing for a message without content.
std::string ToYaml(const google::protobuf::Message& message);

// One line: `{source: name, target: title}`.
std::string ToYamlLine(const google::protobuf::Message& message);
// The same for one field of it, which is set; of a repeated field the element `index`, or all for -1.
std::string ToYamlLine(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field, int index);
// A text as a scalar that is read as this text again, wherever it stands.
std::string YamlText(absl::string_view text);

}  // namespace cognate::cli
