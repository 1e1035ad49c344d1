#include "common/files/large_upload.h"

#include <algorithm>
#include <utility>

#include "common/grpc/channel.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::files {
namespace {

using Stub = v1::FileTransferService::Stub;

// A copy is one message, however long; in parts the service can commit in between.
constexpr int64_t kCopyBytes = 64 << 20;
constexpr size_t kNameBytes = 16;

}  // namespace

LargeUpload::LargeUpload(Stub& stub, const UploadOptions& options, UploadProgress& progress,
                         const LocalFile& file, UploadPlan plan)
    : stub_(stub),
      options_(options),
      progress_(progress),
      file_(file),
      plan_(std::move(plan)),
      upload_(file.UploadName()),
      patience_(options.patience) {
  result_.size_bytes = file.size();
  if (plan_.sha256.empty()) hash_ = std::make_unique<RunningHash>(file);
}

LargeUpload::~LargeUpload() = default;

absl::StatusOr<UploadedFile> LargeUpload::Run() {
  RETURN_IF_ERROR(Upload());
  ASSIGN_OR_RETURN(result_.sha256, Hash());
  // The upload of this name was of what the file was before: somebody changed it and set back its time.
  if (answered_sha256_ != result_.sha256) {
    upload_ = RandomHex(kNameBytes);
    RETURN_IF_ERROR(Upload());
  }
  if (answered_sha256_ != result_.sha256) {
    return Error(absl::StatusCode::kDataLoss, "FILE_DAMAGED",
                 "the service has stored another content than was sent; send it again");
  }
  RETURN_IF_ERROR(file_.CheckUnchanged());
  Advance(file_.size());
  return result_;
}

absl::Status LargeUpload::Upload() {
  bool has_begun_anew = false;
  for (;;) {
    bool done = false;
    absl::StatusOr<int64_t> committed = Committed(&done);
    absl::Status status = committed.status();
    if (status.ok() && done) return absl::OkStatus();
    if (status.ok()) status = Attempt(*committed);
    if (status.ok()) return absl::OkStatus();
    RETURN_IF_ERROR(file_.CheckUnchanged());
    const bool is_elsewhere =
        ErrorReason(status) == "WRITE_OFFSET_MISMATCH" || ErrorReason(status) == "UPLOAD_NOT_FOUND";
    // What was copied from is damaged, or gone: then all of it travels.
    const bool is_useless = absl::IsDataLoss(status) || ErrorReason(status) == "FILE_NOT_FOUND";
    if ((is_useless || is_elsewhere) && !has_begun_anew) {
      has_begun_anew = true;
      if (is_useless) plan_.parts = WholeContent(file_.size());
      continue;
    }
    if (!patience_.Wait(status)) return status;
  }
}

absl::StatusOr<int64_t> LargeUpload::Committed(bool* done) {
  v1::QueryWriteStatusRequest request;
  request.set_upload(upload_);
  request.set_platform(options_.platform);
  const absl::StatusOr<v1::QueryWriteStatusResponse> response =
      grpc_support::Call(stub_, &Stub::QueryWriteStatus, request, PatientCall(options_));
  if (absl::IsNotFound(response.status())) return 0;
  RETURN_IF_ERROR(response.status());
  *done = response->has_file();
  answered_sha256_ = response->file().sha256();
  return response->committed_bytes();
}

absl::Status LargeUpload::Attempt(int64_t committed) {
  if (committed > furthest_) patience_.Reset();
  Advance(committed);
  grpc::ClientContext context;
  v1::WriteResponse response;
  const std::unique_ptr<Writer> writer = stub_.Write(&context, &response);
  for (v1::WriteRequest& message : messages_) {
    if (hash_ != nullptr) hash_->Await(message.data());
    message.Clear();
  }
  message().set_upload(upload_);
  message().set_platform(options_.platform);
  message().set_write_offset(committed);
  message().set_size_bytes(file_.size());
  message().set_sha256(plan_.sha256);
  is_first_ = true;
  const absl::StatusOr<bool> sent = Send(*writer, committed);
  if (!sent.ok()) context.TryCancel();
  const absl::Status status = grpc_support::FromGrpcStatus(writer->Finish());
  RETURN_IF_ERROR(sent.status());
  RETURN_IF_ERROR(status);
  if (!response.has_file()) return absl::UnavailableError("the service ended the call");
  answered_sha256_ = response.file().sha256();
  // It ended early: somebody else has stored the same.
  result_.is_known = !*sent;
  return absl::OkStatus();
}

absl::StatusOr<bool> LargeUpload::Send(Writer& writer, int64_t from) {
  for (const UploadPart& part : plan_.parts) {
    const int64_t end = part.offset + part.length;
    if (end <= from) continue;
    const int64_t begin = std::max(from, part.offset);
    ASSIGN_OR_RETURN(const bool goes_on, part.copy.length() > 0 ? SendCopy(writer, part, begin - part.offset)
                                                                : SendBytes(writer, begin, end));
    if (!goes_on) return false;
  }
  ASSIGN_OR_RETURN(const std::string sha256, Hash());
  message().clear_piece();
  message().set_finish_write(true);
  message().set_sha256(sha256);
  message().set_size_bytes(file_.size());
  return SendMessage(writer);
}

absl::StatusOr<bool> LargeUpload::SendBytes(Writer& writer, int64_t offset, int64_t end) {
  while (offset < end) {
    const int64_t size = std::min(options_.message_bytes, end - offset);
    std::string* const bytes = message().mutable_data();
    if (hash_ != nullptr) hash_->Await(*bytes);
    RETURN_IF_ERROR(file_.ReadAt(offset, size, bytes));
    if (hash_ != nullptr) hash_->Add(offset, *bytes);
    if (!SendMessage(writer)) return false;
    result_.sent_bytes += size;
    progress_.sent_bytes += size;
    offset += size;
    Advance(offset);
  }
  return true;
}

absl::StatusOr<bool> LargeUpload::SendCopy(Writer& writer, const UploadPart& part, int64_t skipped) {
  while (skipped < part.length) {
    const int64_t size = std::min(kCopyBytes, part.length - skipped);
    v1::FileRange& copy = *message().mutable_copy();
    copy.set_sha256(part.copy.sha256());
    copy.set_offset(part.copy.offset() + skipped);
    copy.set_length(size);
    if (!SendMessage(writer)) return false;
    result_.copied_bytes += size;
    skipped += size;
    Advance(part.offset + skipped);
  }
  return true;
}

bool LargeUpload::SendMessage(Writer& writer) {
  v1::WriteRequest& sent = message();
  const bool goes_on = writer.Write(sent);
  current_ = 1 - current_;
  if (!is_first_) return goes_on;
  is_first_ = false;
  sent.clear_upload();
  sent.clear_platform();
  sent.clear_write_offset();
  sent.clear_size_bytes();
  sent.clear_sha256();
  return goes_on;
}

absl::StatusOr<std::string> LargeUpload::Hash() {
  if (hash_ == nullptr) return plan_.sha256;
  ASSIGN_OR_RETURN(plan_.sha256, hash_->Finish());
  hash_.reset();
  return plan_.sha256;
}

void LargeUpload::Advance(int64_t position) {
  if (position <= furthest_) return;
  progress_.bytes += position - furthest_;
  furthest_ = position;
}

}  // namespace cognate::files
