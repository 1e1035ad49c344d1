// The half of Client that is about objects in parts.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/s3/client.h"
#include "common/s3/encoding.h"
#include "common/s3/errors.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::s3 {
namespace {

using absl::StrCat;

bool IsGone(const absl::Status& status) { return ErrorReason(status) == "S3_UPLOAD_NOT_FOUND"; }

}  // namespace

absl::Status Client::PutInParts(absl::string_view key, const Source& source, int64_t part_bytes) {
  // All of one size, as some servers want it; larger ones where there would be too many.
  const int64_t fewest = (source.size + kMaxParts - 1) / kMaxParts;
  part_bytes = std::max(std::clamp(part_bytes, kMinPart, kMaxPart), fewest);
  if (source.size <= part_bytes) return Put(key, source);
  ASSIGN_OR_RETURN(const std::string upload, BeginUpload(key));
  absl::Status status = PutParts(key, upload, source, part_bytes);
  // After a lost answer it may be complete: then nothing is aborted by this.
  if (!status.ok()) AbortUpload(key, upload).IgnoreError();
  return status;
}

absl::Status Client::PutParts(absl::string_view key, absl::string_view upload, const Source& source,
                              int64_t part_bytes) {
  std::vector<std::string> etags;
  for (int64_t offset = 0; offset < source.size; offset += part_bytes) {
    const Source part = PartOf(source, offset, std::min(part_bytes, source.size - offset));
    ASSIGN_OR_RETURN(etags.emplace_back(), PutPart(key, upload, static_cast<int>(etags.size()) + 1, part));
  }
  return CompleteUpload(key, upload, etags, source.size);
}

absl::StatusOr<std::string> Client::BeginUpload(absl::string_view key) {
  const Source nothing = SourceOf("");
  Call call{"POST", std::string(key), {{"uploads", ""}}};
  call.body = &nothing;
  ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call));
  return ReadUploadId(answer.body);
}

absl::StatusOr<std::string> Client::PutPart(absl::string_view key, absl::string_view upload, int number,
                                            const Source& source) {
  Call call{"PUT", std::string(key), {{"partNumber", StrCat(number)}, {"uploadId", std::string(upload)}}};
  call.body = &source;
  ASSIGN_OR_RETURN(call.payload_hash, PayloadHash(&source));
  ASSIGN_OR_RETURN(HttpAnswer answer, Perform(call));
  if (answer.etag.empty()) return Unreadable("a part without its tag");
  return std::move(answer.etag);
}

absl::Status Client::CompleteUpload(absl::string_view key, absl::string_view upload,
                                    const std::vector<std::string>& etags, int64_t size) {
  const std::string document = CompleteDocument(etags);
  const Source body = SourceOf(document);
  Call call{"POST", std::string(key), {{"uploadId", std::string(upload)}}};
  call.body = &body;
  call.payload_hash = Sha256Hex(document);
  absl::Status status = Perform(call).status();
  if (!IsGone(status)) return status;
  // A try whose answer was lost may have completed it.
  const absl::StatusOr<Head> head = GetHead(key);
  return head.ok() && head->size == size ? absl::OkStatus() : status;
}

absl::Status Client::AbortUpload(absl::string_view key, absl::string_view upload) {
  absl::Status status = Perform({"DELETE", std::string(key), {{"uploadId", std::string(upload)}}}).status();
  return IsGone(status) ? absl::OkStatus() : status;
}

absl::StatusOr<PendingUploadPage> Client::ListUploads(absl::string_view prefix,
                                                      const PendingUploadPage* after) {
  Call call{"GET", "", {{"uploads", ""}, {"encoding-type", "url"}, {"prefix", std::string(prefix)}}};
  if (after != nullptr) {
    call.query.emplace_back("key-marker", after->next_key);
    call.query.emplace_back("upload-id-marker", after->next_id);
  }
  ASSIGN_OR_RETURN(const HttpAnswer answer, Perform(call));
  ASSIGN_OR_RETURN(PendingUploadPage page, ReadPendingUploadPage(answer.body));
  if (after != nullptr && !page.is_last && page.next_key == after->next_key && page.next_id == after->next_id)
    return Unreadable("a list that never ends");
  return page;
}

absl::StatusOr<int> Client::AbortUploads(absl::string_view prefix, absl::Time before) {
  int aborted = 0;
  PendingUploadPage page;
  ASSIGN_OR_RETURN(page, ListUploads(prefix));
  // MinIO knows uploads by a whole key, or all of the bucket.
  if (page.uploads.empty() && page.is_last) {
    ASSIGN_OR_RETURN(page, ListUploads(""));
  }
  while (true) {
    for (const PendingUpload& upload : page.uploads) {
      if (upload.begun >= before || !absl::StartsWith(upload.key, prefix)) continue;
      RETURN_IF_ERROR(AbortUpload(upload.key, upload.id));
      ++aborted;
    }
    if (page.is_last) return aborted;
    ASSIGN_OR_RETURN(page, ListUploads(prefix, &page));
  }
}

}  // namespace cognate::s3
