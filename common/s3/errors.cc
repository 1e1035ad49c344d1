#include "common/s3/errors.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/s3/xml.h"
#include "common/status/error.h"

namespace cognate::s3 {
namespace {

using absl::StatusCode;
using absl::StrCat;

constexpr size_t kMaxWords = 300;

// The server's words, for people: short, and no control character or byte that is no ASCII.
std::string Shown(absl::string_view words) {
  std::string shown(words.substr(0, kMaxWords));
  for (char& c : shown) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return shown;
}

struct Said {
  std::string code;
  std::string message;
  std::string region;  // where the bucket is
  std::string request_id;
};

Said Read(const HttpAnswer& answer) {
  Said said;
  const absl::StatusOr<Element> root = ParseXml(answer.body);
  if (!root.ok() || root->name != "Error") return said;
  said.code = Shown(root->TextOf("Code"));
  said.message = Shown(root->TextOf("Message"));
  said.region = Shown(root->TextOf("Region"));
  said.request_id = Shown(root->TextOf("RequestId"));
  return said;
}

bool IsOneOf(absl::string_view code, std::initializer_list<absl::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool IsPassingAnswer(int status, absl::string_view code) {
  return status >= 500 || status == 429 || status == 408 ||
         IsOneOf(code, {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable",
                        "OperationAborted", "TooManyRequests", "IncompleteBody"});
}

std::string ClockWords(const HttpAnswer& answer, const Asked& asked) {
  if (!answer.date.has_value()) return "";
  const absl::Duration off = absl::Trunc(asked.now - *answer.date, absl::Seconds(1));
  return StrCat(" (ours is ", absl::FormatDuration(absl::AbsDuration(off)),
                off > absl::ZeroDuration() ? " ahead)" : " behind)");
}

Error Make(const HttpAnswer& answer, const Said& said, const Asked& asked) {
  const std::string words =
      said.code.empty() ? StrCat("HTTP status ", answer.status) : StrCat(said.code, ": ", said.message);
  const std::string bucket = StrCat("the bucket ", asked.bucket);
  if (IsOneOf(said.code, {"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"}) ||
      answer.status == 507)
    return {StatusCode::kResourceExhausted, "S3_FULL", StrCat("there is no room in ", bucket, ": ", words)};
  if (IsPassingAnswer(answer.status, said.code))
    return {StatusCode::kUnavailable, "S3_UNAVAILABLE", StrCat("S3 cannot answer now: ", words)};
  if (said.code == "RequestTimeTooSkewed")
    return {StatusCode::kFailedPrecondition, "S3_CLOCK_OFF",
            StrCat("the clocks of S3 and of this machine differ too much", ClockWords(answer, asked),
                   ": set this machine's (NTP)")};
  if (said.code == "NoSuchBucket")
    return {StatusCode::kFailedPrecondition, "S3_BUCKET_NOT_FOUND",
            StrCat("there is no bucket ", asked.bucket, ": create it, or correct its name or the endpoint")};
  if (said.code == "NoSuchUpload")
    return {StatusCode::kNotFound, "S3_UPLOAD_NOT_FOUND",
            StrCat("the multipart upload of ", asked.key, " is gone")};
  if (IsOneOf(said.code, {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                          "IllegalLocationConstraintException"}) ||
      (answer.status >= 300 && answer.status < 400))
    return {StatusCode::kFailedPrecondition, "S3_WRONG_REGION",
            StrCat(bucket, " is not in the region ", asked.region, " or not at this endpoint",
                   said.region.empty() ? "" : StrCat(", but in ", said.region),
                   ": correct --s3-region and --s3-endpoint (", words, ")")};
  if (IsOneOf(said.code, {"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest"}))
    return {StatusCode::kDataLoss, "S3_DAMAGED",
            StrCat(asked.key, " did not arrive as it was sent: ", words)};
  if (answer.status == 401 || answer.status == 403)
    return {StatusCode::kPermissionDenied, "S3_ACCESS_DENIED",
            StrCat("S3 refuses the access key, or does not let it do this in ", bucket, " (", words,
                   "): correct the key and its secret, or its policy")};
  if (answer.status == 416)
    return {StatusCode::kOutOfRange, "S3_RANGE_BEHIND_END",
            StrCat("the range is behind the end of ", asked.key)};
  if (answer.status == 404)
    return {StatusCode::kNotFound, "S3_OBJECT_NOT_FOUND",
            StrCat("there is no object ", asked.key, " in ", bucket)};
  return {StatusCode::kFailedPrecondition, "S3_REFUSED", StrCat("S3 refuses the request: ", words)};
}

}  // namespace

absl::Status Unavailable(absl::string_view what) {
  return Error(StatusCode::kUnavailable, "S3_UNAVAILABLE", StrCat("S3: ", what));
}

absl::Status TlsFailed(absl::string_view what) {
  return Error(StatusCode::kFailedPrecondition, "S3_TLS_FAILED",
               StrCat("no secure connection to S3: ", what,
                      "; is the endpoint's certificate one that this machine trusts?"));
}

absl::Status Unreadable(absl::string_view what) {
  return Error(StatusCode::kFailedPrecondition, "S3_UNREADABLE",
               StrCat("what answers is no S3 server as we know them: ", what));
}

absl::Status ErrorOf(const HttpAnswer& answer, const Asked& asked) {
  const Said said = Read(answer);
  Error error = Make(answer, said, asked);
  error.With("bucket", asked.bucket).With("status", StrCat(answer.status));
  if (!asked.key.empty()) error.With("key", asked.key);
  if (!said.code.empty()) error.With("code", said.code);
  if (!said.request_id.empty()) error.With("request_id", said.request_id);
  if (answer.retry_after.has_value()) error.RetryAfter(*answer.retry_after);
  return error;
}

bool IsPassing(const absl::Status& status) { return ErrorReason(status) == "S3_UNAVAILABLE"; }

}  // namespace cognate::s3
