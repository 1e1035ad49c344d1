#include "services/platform_registry/definition.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace cognate::platform_registry {

using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::JsonPrintOptions;

absl::StatusOr<std::string> ToDefinition(const google::protobuf::Message& message) {
  JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::InternalError(absl::StrCat("cannot store ", message.GetTypeName()));
  return json;
}

absl::Status FromDefinition(absl::string_view json, google::protobuf::Message* message) {
  JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), message, options);
  if (!status.ok())
    return absl::DataLossError(absl::StrCat("the stored ", message->GetTypeName(), " cannot be read"));
  return absl::OkStatus();
}

}  // namespace cognate::platform_registry
