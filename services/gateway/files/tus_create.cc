#include "services/gateway/files/tus_create.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/gateway/connect_protocol.h"
#include "services/gateway/files/tus_patch.h"

namespace cognate::gateway {
namespace {

constexpr char kWrite[] = "FileTransferService/Write";
constexpr size_t kMaxConcatBytes = 10 << 10;

absl::Status TooLarge(int64_t max_bytes) {
  return Error(absl::StatusCode::kResourceExhausted, "UPLOAD_TOO_LARGE",
               absl::StrCat("want at most ", max_bytes, " bytes (--http-max-upload-bytes)"))
      .With("max_bytes", absl::StrCat(max_bytes));
}

absl::Status PartIncomplete(const std::string& name) {
  return Error(absl::StatusCode::kFailedPrecondition, "UPLOAD_INCOMPLETE",
               absl::StrCat("the upload ", name, " is not a partial one (upload-concat), or not complete"))
      .With("upload", name);
}

}  // namespace

absl::Status TusCreate::ReadHeaders() {
  const http::Headers& headers = call_->request().headers;
  TusNote& note = upload_.note;
  note.metadata = std::string(http::Find(headers, "upload-metadata"));
  note.concat = std::string(http::Find(headers, "upload-concat"));
  if (note.concat.size() > kMaxConcatBytes) {
    return InvalidHeader("upload-concat",
                         absl::StrCat("got ", note.concat.size(), " bytes, want at most ", kMaxConcatBytes));
  }
  ASSIGN_OR_RETURN(const UploadMetadata metadata, ParseUploadMetadata(note.metadata));
  ASSIGN_OR_RETURN(concat_, ParseUploadConcat(note.concat));
  note.is_partial = concat_.is_partial;
  note.is_final = concat_.is_final;
  if (!note.is_partial) {
    ASSIGN_OR_RETURN(note.sha256, Sha256Of(metadata));
  }
  if (note.is_final) return absl::OkStatus();
  if (!http::Find(headers, "upload-defer-length").empty())
    return InvalidHeader("upload-defer-length", "want upload-length: it must be known");
  ASSIGN_OR_RETURN(upload_.size, ParseByteCount("upload-length", http::Find(headers, "upload-length")));
  if (upload_.size > parts_.max_upload_bytes) return TooLarge(parts_.max_upload_bytes);
  has_body_ = MediaTypeOf(call_->request()) == "application/offset+octet-stream";
  return absl::OkStatus();
}

void TusCreate::Run() {
  const absl::Status status = ReadHeaders();
  if (!status.ok()) return Refuse(status);
  upload_.name = RandomHex(kUploadNameBytes);
  location_ = absl::StrCat(kTusPath, "/", upload_.name);
  FindPlatform(/*is_needed=*/true, [this, self = self()] {
    if (upload_.note.is_final) return LookAtPart(0);
    Make();
  });
}

void TusCreate::Make() {
  v1::WriteRequest first = FirstMessage(upload_.name, 0);
  first.set_note(upload_.note.ToBytes());
  first.set_size_bytes(upload_.size);
  const bool is_empty = upload_.size == 0 && !upload_.note.is_partial;
  stream_ = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo(kWrite, Rights::kCaller), std::move(first),
      [this, self = self(), is_empty] {
        is_empty ? stream_->Send(LastMessage(upload_.note, 0), /*is_last=*/true) : stream_->Close();
      },
      [this, self = self()](absl::StatusOr<v1::WriteResponse> written) { Made(std::move(written)); });
}

void TusCreate::Made(absl::StatusOr<v1::WriteResponse> written) {
  stream_ = nullptr;
  if (!written.ok()) return Refuse(written.status());
  if (has_body_ && !written->has_file())
    return std::make_shared<TusPatch>(parts_, call_)->RunCreated(upload_, platform_, location_);
  http::Headers headers = {{"location", location_}};
  if (written->has_file()) {
    AddHash(headers, written->file());
  } else {
    AddExpiry(headers, ExpiryFromNow());
  }
  if (has_body_) headers.push_back({"upload-offset", absl::StrCat(written->committed_bytes())});
  Answer(201, std::move(headers));
}

void TusCreate::LookAtPart(size_t part) {
  if (part == concat_.parts.size()) return Join();
  Look(concat_.parts[part], [this, self = self(), part](const absl::StatusOr<TusUpload>& upload) {
    if (!upload.ok()) return Refuse(upload.status());
    if (!upload->note.is_partial || upload->offset != upload->size)
      return Refuse(PartIncomplete(upload->name));
    if (upload->size > parts_.max_upload_bytes - upload_.size)
      return Refuse(TooLarge(parts_.max_upload_bytes));
    upload_.size += upload->size;
    LookAtPart(part + 1);
  });
}

void TusCreate::Join() {
  v1::WriteRequest first = FirstMessage(upload_.name, 0);
  first.set_note(upload_.note.ToBytes());
  first.set_size_bytes(upload_.size);
  stream_ = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo(kWrite, Rights::kCaller), std::move(first),
      [this, self = self()] {
        if (joined_ == concat_.parts.size())
          return stream_->Send(LastMessage(upload_.note, upload_.size), /*is_last=*/true);
        v1::WriteRequest copy;
        copy.set_copy_upload(concat_.parts[joined_++]);
        stream_->Send(copy, /*is_last=*/false);
      },
      [this, self = self()](absl::StatusOr<v1::WriteResponse> written) { Made(std::move(written)); });
}

}  // namespace cognate::gateway
