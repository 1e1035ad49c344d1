#include "services/file_transfer/errors.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::file_transfer {

absl::Status InvalidField(absl::string_view field, absl::string_view description) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Violation(field, description);
}

absl::Status PlatformNotFound(absl::string_view platform) {
  return Error(absl::StatusCode::kNotFound, "PLATFORM_NOT_FOUND",
               absl::StrCat("there is no platform \"", absl::Utf8SafeCHexEscape(platform),
                            "\"; `cognate platform list` names them"))
      .With("platform", absl::Utf8SafeCHexEscape(platform));
}

absl::Status FileNotFound(absl::string_view sha256) {
  return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
               absl::StrCat("no content with the SHA-256 ", absl::BytesToHexString(sha256), " is stored"))
      .With("sha256", absl::BytesToHexString(sha256));
}

absl::Status FileDamaged(absl::string_view sha256, absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "FILE_DAMAGED", what)
      .With("sha256", absl::BytesToHexString(sha256));
}

absl::Status OffsetBehindEnd(int64_t offset, int64_t size_bytes) {
  const std::string description =
      absl::StrCat("got ", offset, ", want at most ", size_bytes, ", the size of the content");
  return Error(absl::StatusCode::kOutOfRange, "INVALID_FIELD", absl::StrCat("offset: ", description))
      .With("field", "offset")
      .Violation("offset", description);
}

absl::Status UploadNotFound(absl::string_view upload) {
  return Error(absl::StatusCode::kNotFound, "UPLOAD_NOT_FOUND",
               absl::StrCat("there is no upload ", upload, ", or it has expired: begin again at 0"))
      .With("upload", upload);
}

absl::Status UploadInUse(absl::string_view upload) {
  return Error(absl::StatusCode::kAborted, "UPLOAD_IN_USE",
               absl::StrCat("another call writes to the upload ", upload,
                            "; if that is over, ask QueryWriteStatus and go on in a moment"))
      .With("upload", upload)
      .RetryAfter(absl::Seconds(1));
}

absl::Status TooManyUploads(int limit, absl::string_view platform) {
  return Error(absl::StatusCode::kUnavailable, "TOO_MANY_UPLOADS",
               absl::StrCat(limit, " uploads are on their way",
                            platform.empty() ? "" : absl::StrCat(" by keys of ", platform),
                            ", and no more at once: come again in a moment"))
      .RetryAfter(absl::Seconds(1));
}

absl::Status TooManyDownloads(int limit, absl::string_view platform) {
  return Error(absl::StatusCode::kUnavailable, "TOO_MANY_DOWNLOADS",
               absl::StrCat(limit, " contents are being read",
                            platform.empty() ? "" : absl::StrCat(" by keys of ", platform),
                            ", and no more at once: come again in a moment"))
      .RetryAfter(absl::Seconds(1));
}

absl::Status UploadTooLarge(int64_t size_bytes, int64_t limit) {
  return Error(absl::StatusCode::kResourceExhausted, "UPLOAD_TOO_LARGE",
               absl::StrCat("the content has ", size_bytes,
                            " bytes or more, and a platform's key sends at most ", limit,
                            " (--file-max-bytes of file-transfer); an operator may send it"))
      .With("limit", absl::StrCat(limit));
}

absl::Status UploadQuotaExceeded(absl::string_view platform, int64_t bytes, int64_t limit) {
  return Error(absl::StatusCode::kResourceExhausted, "UPLOAD_QUOTA_EXCEEDED",
               absl::StrCat(
                   platform, " has sent ", bytes, " bytes that no record leads to, and may ", limit,
                   " (--file-unbound-bytes of file-transfer): capture their records, or wait until the "
                   "collection has removed them, a day after they came"))
      .With("platform", platform)
      .With("limit", absl::StrCat(limit));
}

absl::Status WriteOffsetMismatch(int64_t got, int64_t committed_bytes) {
  return Error(absl::StatusCode::kOutOfRange, "WRITE_OFFSET_MISMATCH",
               absl::StrCat("write_offset: got ", got, ", want ", committed_bytes, ", which is committed"))
      .With("committed_bytes", absl::StrCat(committed_bytes));
}

absl::Status StoreFull(absl::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "STORE_FULL",
               absl::StrCat("the file store has no room left: ", what,
                            ". What is committed stays; make room (`cognate file collect`) and go on"));
}

absl::Status StoreUnavailable(absl::string_view what) {
  return Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
               absl::StrCat("the file store cannot be used now: ", what));
}

absl::Status NoLinkKey() {
  return Error(
      absl::StatusCode::kFailedPrecondition, "NO_LINK_KEY",
      "the file-transfer service has no key to sign links with: start it with --link-key-file, a file "
      "of `openssl rand -hex 32`");
}

absl::Status LinkedFileGone() {
  return Error(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
               "no record leads to the file of this link any more; ask for another one");
}

absl::Status LinkRefused(absl::string_view why) {
  return Error(absl::StatusCode::kPermissionDenied, "LINK_REFUSED",
               absl::StrCat("the link opens nothing: ", why, "; ask for another one"));
}

absl::Status StoreMismatch(absl::string_view directory, absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, "STORE_MISMATCH", absl::StrCat(directory, ": ", what))
      .With("directory", directory);
}

absl::Status PlaceMismatch(absl::string_view directory, absl::string_view platform) {
  return Error(absl::StatusCode::kFailedPrecondition, "PLACE_MISMATCH",
               absl::StrCat(directory, " has none of the files that were put there for ", platform,
                            ": mount its disk; if it is the right directory, write the line \"", platform,
                            "\" into ", directory, "/.cognate-place"))
      .With("directory", directory);
}

absl::Status StoreErrno(int error, absl::string_view what) {
  const std::string words = absl::StrCat(what, ": ", std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? StoreFull(words) : StoreUnavailable(words);
}

}  // namespace cognate::file_transfer
