// Messages as they lie in jsonb columns: by their proto field names, so that psql shows what the protos say.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace cognate::platform_registry {

absl::StatusOr<std::string> ToDefinition(const google::protobuf::Message& message);
// Fields that this version does not know are passed over.
absl::Status FromDefinition(absl::string_view json, google::protobuf::Message* message);

}  // namespace cognate::platform_registry
