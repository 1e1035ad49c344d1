#include "services/gateway/json_codec.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

namespace util = google::protobuf::util;

constexpr char kPrefix[] = "type.googleapis.com";

util::TypeResolver& Types() {
  static util::TypeResolver& types =
      *util::NewTypeResolverForDescriptorPool(kPrefix, google::protobuf::DescriptorPool::generated_pool());
  return types;
}

std::string UrlOf(const google::protobuf::Descriptor& type) {
  return absl::StrCat(kPrefix, "/", type.full_name());
}

absl::Status InvalidField(absl::string_view path, absl::string_view fault) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", absl::StrCat(path, ": ", fault))
      .Violation(path, fault);
}

absl::Status MalformedJson(absl::string_view fault) {
  return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_JSON",
               absl::StrCat("the body is no JSON object that can be read: ", fault));
}

// What the library says, as an error of ours: "(methods[1]) bar: Cannot find field.", "bar: Cannot find
// field.", "(name): invalid value 5 for type TYPE_STRING", or what is wrong with the text, which it then
// shows in further lines.
absl::Status Explained(absl::string_view said) {
  said = said.substr(0, said.find('\n'));
  absl::string_view path;
  if (absl::StartsWith(said, "(")) {
    const size_t end = said.find(')');
    if (end != said.npos) {
      path = said.substr(1, end - 1);
      said = said.substr(end + 1);
    }
  }
  if (absl::ConsumePrefix(&said, ": ") && !path.empty()) return InvalidField(path, said);
  absl::ConsumePrefix(&said, " ");
  constexpr absl::string_view kUnknown = ": Cannot find field.";
  if (absl::ConsumeSuffix(&said, kUnknown)) {
    return InvalidField(absl::StrCat(path, path.empty() ? "" : ".", said), "there is no such field");
  }
  if (!path.empty()) return InvalidField(path, said);
  return MalformedJson(said);
}

}  // namespace

absl::StatusOr<std::string> FromJson(const google::protobuf::Descriptor& type, absl::string_view json) {
  if (json.empty()) return MalformedJson("it is empty; send {} for a request without fields");
  std::string message;
  const auto status = util::JsonToBinaryString(&Types(), UrlOf(type), {json.data(), json.size()}, &message);
  if (status.ok()) return message;
  return Explained({status.message().data(), status.message().size()});
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Descriptor& type, const std::string& message) {
  std::string json;
  const auto status = util::BinaryToJsonString(&Types(), UrlOf(type), message, &json);
  if (status.ok()) return json;
  return absl::InternalError(absl::StrCat("the answer is no ", type.full_name()));
}

}  // namespace cognate::gateway
