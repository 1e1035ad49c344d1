#include "common/grpc/status.h"

#include <string>
#include <utility>

#include <google/protobuf/stubs/common.h>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace cognate::grpc_support {
namespace {

constexpr absl::string_view kTypePrefix = "type.googleapis.com/";
// Trailers hold the message twice and the details once; a peer refuses more than 8 KiB of metadata in all.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxDetailBytes = 4096;

bool IsUtf8(absl::string_view text) {
  return google::protobuf::internal::IsStructurallyValidUTF8(text.data(), static_cast<int>(text.size()));
}

// The first `size` bytes or a little less, so that no character is cut in two.
absl::string_view Utf8Prefix(absl::string_view text, size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

// A header percent-encodes what is not plain ASCII.
size_t EncodedBytes(char c) { return c < ' ' || c > '~' || c == '%' ? 3 : 1; }

std::string Sendable(absl::string_view message) {
  std::string text = IsUtf8(message) ? std::string(message) : absl::CHexEscape(message);
  size_t encoded = 0;
  size_t end = 0;
  while (end < text.size() && encoded + EncodedBytes(text[end]) <= kMaxMessageBytes)
    encoded += EncodedBytes(text[end++]);
  if (end == text.size()) return text;
  return absl::StrCat(Utf8Prefix(text, end), " …");
}

google::rpc::ErrorInfo TakeErrorInfo(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  if (const auto payload = status.GetPayload(kErrorInfoUrl)) info.ParseFromString(std::string(*payload));
  if (info.reason().empty()) info.set_reason(CodeName(status.code()));
  if (info.domain().empty()) info.set_domain("cognate");
  return info;
}

// Drops violations from the end until the rest fits; how many is put into `info`.
google::rpc::BadRequest FittingBadRequest(const absl::Status& status, google::rpc::ErrorInfo& info) {
  google::rpc::BadRequest bad_request;
  const auto payload = status.GetPayload(kBadRequestUrl);
  if (!payload.has_value() || !bad_request.ParseFromString(std::string(*payload))) return bad_request;
  const int total = bad_request.field_violations_size();
  while (bad_request.field_violations_size() > 0 && bad_request.ByteSizeLong() > kMaxDetailBytes) {
    bad_request.mutable_field_violations()->RemoveLast();
  }
  const int left_out = total - bad_request.field_violations_size();
  if (left_out > 0) (*info.mutable_metadata())["violations_left_out"] = absl::StrCat(left_out);
  return bad_request;
}

void CutLongValues(google::rpc::ErrorInfo& info) {
  if (info.ByteSizeLong() <= kMaxDetailBytes / 2) return;
  const size_t share = kMaxDetailBytes / 2 / (info.metadata_size() + 1);
  for (auto& [key, value] : *info.mutable_metadata()) {
    if (value.size() > share) value.resize(Utf8Prefix(value, share).size());
  }
}

template <typename Message>
void AddDetail(google::rpc::Status& wire, const Message& message) {
  wire.add_details()->PackFrom(message);
}

google::rpc::Status ToWire(const absl::Status& status) {
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(Sendable(status.message()));
  google::rpc::ErrorInfo info = TakeErrorInfo(status);
  const google::rpc::BadRequest bad_request = FittingBadRequest(status, info);
  CutLongValues(info);
  AddDetail(wire, info);
  if (bad_request.field_violations_size() > 0) AddDetail(wire, bad_request);
  size_t left = kMaxDetailBytes;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (!absl::StartsWith(url, kTypePrefix) || url == kErrorInfoUrl || url == kBadRequestUrl) return;
    if (payload.size() > left) return;
    left -= payload.size();
    google::protobuf::Any* detail = wire.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return wire;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status wire = ToWire(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(), wire.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status wire;
  if (status.error_details().empty() || !wire.ParseFromString(status.error_details())) return result;
  for (const google::protobuf::Any& detail : wire.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

const char* CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kInternal:
      return "INTERNAL";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

}  // namespace cognate::grpc_support
