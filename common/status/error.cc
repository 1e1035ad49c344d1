#include "common/status/error.h"

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"

namespace cognate {
namespace {

void SetPayload(absl::Status& status, const char* url, const google::protobuf::Message& message) {
  status.SetPayload(url, absl::Cord(message.SerializeAsString()));
}

template <typename Message>
std::optional<Message> GetPayload(const absl::Status& status, const char* url) {
  const absl::optional<absl::Cord> payload = status.GetPayload(url);
  Message message;
  if (!payload || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

google::rpc::RetryInfo ToRetryInfo(absl::Duration delay) {
  google::rpc::RetryInfo retry;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &delay);
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  return retry;
}

}  // namespace

Error::Error(absl::StatusCode code, absl::string_view reason, absl::string_view message)
    : code_(code), reason_(reason), message_(message) {}

Error& Error::With(absl::string_view key, absl::string_view value) & {
  metadata_.emplace_back(key, value);
  return *this;
}

Error&& Error::With(absl::string_view key, absl::string_view value) && { return std::move(With(key, value)); }

Error& Error::Violation(absl::string_view field, absl::string_view description) & {
  violations_.push_back({std::string(field), std::string(description)});
  return *this;
}

Error&& Error::Violation(absl::string_view field, absl::string_view description) && {
  return std::move(Violation(field, description));
}

Error& Error::RetryAfter(absl::Duration delay) & {
  retry_delay_ = delay;
  return *this;
}

Error&& Error::RetryAfter(absl::Duration delay) && { return std::move(RetryAfter(delay)); }

absl::Status Error::ToStatus() const {
  absl::Status status(code_, message_);
  google::rpc::ErrorInfo info;
  info.set_reason(reason_);
  info.set_domain("cognate");
  for (const auto& [key, value] : metadata_) (*info.mutable_metadata())[key] = value;
  SetPayload(status, kErrorInfoUrl, info);
  if (!violations_.empty()) {
    google::rpc::BadRequest bad_request;
    for (const FieldViolation& violation : violations_) {
      auto* added = bad_request.add_field_violations();
      added->set_field(violation.field);
      added->set_description(violation.description);
    }
    SetPayload(status, kBadRequestUrl, bad_request);
  }
  if (retry_delay_) SetPayload(status, kRetryInfoUrl, ToRetryInfo(*retry_delay_));
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  const auto info = GetPayload<google::rpc::ErrorInfo>(status, kErrorInfoUrl);
  return info ? info->reason() : "";
}

std::string ErrorMetadata(const absl::Status& status, absl::string_view key) {
  const auto info = GetPayload<google::rpc::ErrorInfo>(status, kErrorInfoUrl);
  if (!info) return "";
  const auto found = info->metadata().find(std::string(key));
  return found == info->metadata().end() ? "" : found->second;
}

std::vector<FieldViolation> Violations(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  const auto bad_request = GetPayload<google::rpc::BadRequest>(status, kBadRequestUrl);
  if (!bad_request) return violations;
  for (const auto& violation : bad_request->field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto retry = GetPayload<google::rpc::RetryInfo>(status, kRetryInfoUrl);
  if (!retry) return std::nullopt;
  return absl::Seconds(retry->retry_delay().seconds()) + absl::Nanoseconds(retry->retry_delay().nanos());
}

bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace cognate
