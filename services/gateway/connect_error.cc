#include "services/gateway/connect_error.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/grpc/status.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "services/gateway/json_codec.h"

namespace cognate::gateway {
namespace {

using Json = nlohmann::ordered_json;

struct Word {
  const char* name;
  absl::StatusCode code;
  int http_status;
};
constexpr Word kWords[] = {
    {"canceled", absl::StatusCode::kCancelled, 499},
    {"unknown", absl::StatusCode::kUnknown, 500},
    {"invalid_argument", absl::StatusCode::kInvalidArgument, 400},
    {"deadline_exceeded", absl::StatusCode::kDeadlineExceeded, 504},
    {"not_found", absl::StatusCode::kNotFound, 404},
    {"already_exists", absl::StatusCode::kAlreadyExists, 409},
    {"permission_denied", absl::StatusCode::kPermissionDenied, 403},
    {"resource_exhausted", absl::StatusCode::kResourceExhausted, 429},
    {"failed_precondition", absl::StatusCode::kFailedPrecondition, 400},
    {"aborted", absl::StatusCode::kAborted, 409},
    {"out_of_range", absl::StatusCode::kOutOfRange, 400},
    {"unimplemented", absl::StatusCode::kUnimplemented, 501},
    {"internal", absl::StatusCode::kInternal, 500},
    {"unavailable", absl::StatusCode::kUnavailable, 503},
    {"data_loss", absl::StatusCode::kDataLoss, 500},
    {"unauthenticated", absl::StatusCode::kUnauthenticated, 401},
};

const Word& WordOf(absl::StatusCode code) {
  for (const Word& word : kWords) {
    if (word.code == code) return word;
  }
  return kWords[1];
}

// What can be read of a detail; null where its type is not known here.
Json Shown(const std::string& type, const std::string& message) {
  const auto* const descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  const absl::StatusOr<std::string> json = ToJson(*descriptor, message);
  if (!json.ok()) return nullptr;
  Json shown = Json::parse(*json, nullptr, /*allow_exceptions=*/false);
  return shown.is_discarded() ? Json(nullptr) : shown;
}

Json DetailsOf(const absl::Status& status) {
  std::map<std::string, std::string> messages;  // By type: always in the same order.
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (absl::ConsumePrefix(&url, "type.googleapis.com/")) messages[std::string(url)] = std::string(payload);
  });
  Json details = Json::array();
  for (const auto& [type, message] : messages) {
    Json detail = {{"type", type}, {"value", Base64(message)}};
    Json shown = Shown(type, message);
    if (!shown.is_null()) detail["debug"] = std::move(shown);
    details.push_back(std::move(detail));
  }
  return details;
}

}  // namespace

const char* ConnectCode(absl::StatusCode code) { return WordOf(code).name; }
int HttpStatus(absl::StatusCode code) { return WordOf(code).http_status; }

std::string Base64(absl::string_view bytes) {
  std::string text = absl::Base64Escape(bytes);
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

std::string ConnectErrorJson(const absl::Status& status) {
  // As over gRPC: exactly one ErrorInfo, whatever answered.
  const absl::Status whole =
      ErrorReason(status).empty() ? grpc_support::FromGrpcStatus(grpc_support::ToGrpcStatus(status)) : status;
  const Json error = {{"code", ConnectCode(whole.code())},
                      {"message", std::string(whole.message())},
                      {"details", DetailsOf(whole)}};
  return error.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response ConnectError(const absl::Status& status, int http_status) {
  http::Response response;
  response.status = http_status != 0 ? http_status : HttpStatus(status.code());
  response.headers.push_back({"content-type", "application/json"});
  if (const std::optional<absl::Duration> delay = RetryDelay(status)) {
    const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(*delay, absl::Seconds(1)));
    response.headers.push_back({"retry-after", absl::StrCat(std::max<int64_t>(1, seconds))});
  }
  response.body = ConnectErrorJson(status);
  return response;
}

}  // namespace cognate::gateway
