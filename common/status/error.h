// An error with a name. Every error that leaves a service carries exactly one google.rpc.ErrorInfo (domain
// "cognate"), and where they help, field violations and a delay before the next try. They travel as payloads
// of absl::Status, keyed by the type URL of their message, so that the transport can turn each payload whose
// key begins with "type.googleapis.com/" into a gRPC error detail without knowing it.
//
//   return Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "there is no such
//   platform").With("platform", name);
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cognate {

inline constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";
inline constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

struct FieldViolation {
  std::string field;        // path from the request: "changes[3].fields.name"
  std::string description;  // "got …, want …"
  bool operator==(const FieldViolation&) const = default;
};

// Builds an absl::Status; converts to it (and so to any absl::StatusOr) where it is returned.
class Error {
 public:
  // `reason` is UPPER_SNAKE_CASE; `message` is for developers, in English, without secrets. `code` is not
  // kOk.
  Error(absl::StatusCode code, absl::string_view reason, absl::string_view message);

  // A variable of the message. A later value of the same key wins.
  Error& With(absl::string_view key, absl::string_view value) &;
  Error&& With(absl::string_view key, absl::string_view value) &&;
  Error& Violation(absl::string_view field, absl::string_view description) &;
  Error&& Violation(absl::string_view field, absl::string_view description) &&;
  Error& RetryAfter(absl::Duration delay) &;
  Error&& RetryAfter(absl::Duration delay) &&;

  absl::Status ToStatus() const;
  operator absl::Status() const { return ToStatus(); }  // NOLINT(google-explicit-constructor)

 private:
  absl::StatusCode code_;
  std::string reason_;
  std::string message_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<FieldViolation> violations_;
  std::optional<absl::Duration> retry_delay_;
};

// What a status carries; empty where it carries none.
std::string ErrorReason(const absl::Status& status);
std::string ErrorMetadata(const absl::Status& status, absl::string_view key);
std::vector<FieldViolation> Violations(const absl::Status& status);
std::optional<absl::Duration> RetryDelay(const absl::Status& status);

// Whether it is our mistake, and nothing that a caller or the world around does: INTERNAL, UNKNOWN,
// DATA_LOSS.
bool IsFault(absl::StatusCode code);

}  // namespace cognate
