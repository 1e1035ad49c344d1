#include "services/gateway/files/tus_note.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"

namespace cognate::gateway {
namespace {

using Json = nlohmann::json;

constexpr char kVersion[] = "tus-1.0.0";

std::string TextOf(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

bool Holds(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

std::string TusNote::ToBytes() const {
  const Json json = {{"protocol", kVersion}, {"metadata", metadata},
                     {"concat", concat},     {"partial", is_partial},
                     {"final", is_final},    {"sha256", absl::BytesToHexString(sha256)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<TusNote> TusNote::FromBytes(absl::string_view bytes) {
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || TextOf(json, "protocol") != kVersion) return std::nullopt;
  TusNote note;
  note.metadata = TextOf(json, "metadata");
  note.concat = TextOf(json, "concat");
  note.is_partial = Holds(json, "partial");
  note.is_final = Holds(json, "final");
  note.sha256 = absl::HexStringToBytes(TextOf(json, "sha256"));
  return note;
}

}  // namespace cognate::gateway
