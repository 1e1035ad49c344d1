// Messages of the contracts as JSON, and back.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace cognate::gateway {

// The message, serialized, that a JSON text stands for. Field names as in the contract or in lowerCamelCase.
//
// * INVALID_ARGUMENT INVALID_FIELD: a field that the message does not have, or a value that is none of its
//   type; with the field's path.
// * INVALID_ARGUMENT MALFORMED_JSON: no JSON object.
absl::StatusOr<std::string> FromJson(const google::protobuf::Descriptor& type, absl::string_view json);

// Numbers of 64 bits as strings, names in lowerCamelCase, fields with their default value left out. INTERNAL
// where the bytes are another message's, as far as that can be seen.
absl::StatusOr<std::string> ToJson(const google::protobuf::Descriptor& type, const std::string& message);

}  // namespace cognate::gateway
