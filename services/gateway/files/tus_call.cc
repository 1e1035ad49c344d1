#include "services/gateway/files/tus_call.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/error.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/files/upload_headers.h"
#include "services/gateway/files/write_stream.h"

namespace cognate::gateway {
namespace {

struct Mapped {
  const char* reason;
  int http_status;
};
constexpr Mapped kStatuses[] = {
    {"WRITE_OFFSET_MISMATCH", 409}, {"UPLOAD_IN_USE", 423}, {"FILE_DAMAGED", 422},
    {"CHECKSUM_MISMATCH", 460},     {"STORE_FULL", 507},    {"UPLOAD_TOO_LARGE", 413},
    {"UPLOAD_QUOTA_EXCEEDED", 507},
};

absl::Status NoSuchUpload(const std::string& name) {
  return Error(absl::StatusCode::kNotFound, "UPLOAD_NOT_FOUND",
               absl::StrCat("there is no upload ", name, ", or it has expired: make a new one"))
      .With("upload", name);
}

}  // namespace

int TusStatusOf(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  for (const Mapped& mapped : kStatuses) {
    if (reason == mapped.reason) return mapped.http_status;
  }
  return HttpStatus(status.code());
}

void AddExpiry(http::Headers& headers, absl::Time expire_at) {
  headers.push_back(
      {"upload-expires", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", expire_at, absl::UTCTimeZone())});
}

void AddHash(http::Headers& headers, const v1::File& file) {
  headers.push_back({"cognate-sha256", absl::BytesToHexString(file.sha256())});
}

void TusCall::Answer(int http_status, http::Headers headers, const absl::Status& status) {
  headers.push_back({"tus-resumable", kTusVersion});
  headers.push_back({"cache-control", "no-store"});
  call_->Answer({http_status, std::move(headers), ""}, status);
}

void TusCall::Refuse(const absl::Status& status, int http_status) {
  http::Response response = ConnectError(status, http_status != 0 ? http_status : TusStatusOf(status));
  response.headers.push_back({"tus-resumable", kTusVersion});
  response.headers.push_back({"cache-control", "no-store"});
  call_->Answer(std::move(response), status);
}

void TusCall::Look(const std::string& name, std::function<void(absl::StatusOr<TusUpload>)> then) {
  v1::QueryWriteStatusRequest request;
  request.set_upload(name);
  request.set_platform(platform_);
  Ask<v1::QueryWriteStatusResponse>("FileTransferService/QueryWriteStatus", request,
                                    [name, then](const absl::StatusOr<v1::QueryWriteStatusResponse>& known) {
                                      if (!known.ok()) return then(known.status());
                                      std::optional<TusNote> note = TusNote::FromBytes(known->note());
                                      if (!note) return then(NoSuchUpload(name));
                                      TusUpload upload;
                                      upload.name = name;
                                      upload.note = *std::move(note);
                                      upload.offset = known->committed_bytes();
                                      upload.size = known->size_bytes();
                                      upload.expire_at = ToTime(known->expire_time());
                                      upload.file = known->file();
                                      then(std::move(upload));
                                    });
}

v1::WriteRequest TusCall::FirstMessage(const std::string& upload, int64_t offset) const {
  v1::WriteRequest message;
  message.set_upload(upload);
  message.set_platform(platform_);
  message.set_write_offset(offset);
  message.mutable_lifetime()->set_seconds(absl::ToInt64Seconds(parts_.upload_lifetime));
  return message;
}

v1::WriteRequest TusCall::LastMessage(const TusNote& note, int64_t size) {
  v1::WriteRequest message;
  message.set_finish_write(true);
  message.set_size_bytes(size);
  message.set_sha256(note.sha256);
  message.set_hash_here(note.sha256.empty());
  return message;
}

void TusCall::Complete(const TusUpload& upload, std::function<void(absl::StatusOr<v1::WriteResponse>)> then) {
  const auto stream = std::make_shared<std::weak_ptr<WriteStream>>();
  const v1::WriteRequest last = LastMessage(upload.note, upload.size);
  *stream = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo("FileTransferService/Write", Rights::kCaller),
      FirstMessage(upload.name, upload.offset),
      [stream, last] {
        if (const auto open = stream->lock()) open->Send(last, /*is_last=*/true);
      },
      std::move(then));
}

}  // namespace cognate::gateway
