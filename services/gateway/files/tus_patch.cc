#include "services/gateway/files/tus_patch.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "services/gateway/connect_protocol.h"

namespace cognate::gateway {
namespace {

constexpr char kBodyType[] = "application/offset+octet-stream";
constexpr char kWrite[] = "FileTransferService/Write";
// So much is checked in memory.
constexpr int64_t kCheckedInMemory = 1 << 20;

absl::Status InUse() {
  return Error(absl::StatusCode::kAborted, "UPLOAD_IN_USE",
               "another request writes to the upload: ask for its offset, and go on")
      .RetryAfter(absl::Seconds(1));
}

absl::Status TooManyUploads() {
  return Error(absl::StatusCode::kUnavailable, "GATEWAY_OVERLOADED", "too many uploads at once: try again")
      .RetryAfter(absl::Seconds(1));
}

absl::Status BehindEnd(int64_t size) {
  return Error(absl::StatusCode::kResourceExhausted, "UPLOAD_TOO_LARGE",
               absl::StrCat("more bytes came than the ", size, " of the upload's length"))
      .With("max_bytes", absl::StrCat(size));
}

absl::Status OffsetMismatch(int64_t got, int64_t want) {
  return Error(absl::StatusCode::kOutOfRange, "WRITE_OFFSET_MISMATCH",
               absl::StrCat("upload-offset: got ", got, ", want ", want, ", which is committed"))
      .With("committed_bytes", absl::StrCat(want));
}

absl::Status ChecksumMismatch() {
  return Error(absl::StatusCode::kInvalidArgument, "CHECKSUM_MISMATCH",
               "what came has another checksum than upload-checksum says: nothing of it was kept");
}

}  // namespace

bool TusPatch::ReadHeaders() {
  const http::Headers& headers = call_->request().headers;
  if (const absl::string_view length = http::Find(headers, "content-length"); !length.empty()) {
    int64_t bytes = 0;
    if (absl::SimpleAtoi(length, &bytes)) length_ = bytes;
  }
  const absl::string_view checksum = http::Find(headers, "upload-checksum");
  if (checksum.empty()) return true;
  absl::StatusOr<UploadChecksum> parsed = ParseUploadChecksum(checksum);
  if (parsed.ok()) digest_ = BodyDigest::Make(parsed->algorithm);
  if (parsed.ok() && digest_ == nullptr)
    parsed = InvalidHeader("upload-checksum", absl::StrCat("want one of ", BodyDigest::Algorithms()));
  if (!parsed.ok()) {
    Refuse(parsed.status());
    return false;
  }
  checksum_ = *std::move(parsed);
  return true;
}

void TusPatch::Run(const std::string& name) {
  if (MediaTypeOf(call_->request()) != kBodyType) {
    return Refuse(Error(absl::StatusCode::kInvalidArgument, "MEDIA_TYPE_UNSUPPORTED",
                        absl::StrCat("content-type: want ", kBodyType)),
                  415);
  }
  const absl::StatusOr<int64_t> offset =
      ParseByteCount("upload-offset", http::Find(call_->request().headers, "upload-offset"));
  if (!offset.ok()) return Refuse(offset.status());
  offset_ = *offset;
  if (!ReadHeaders()) return;
  FindPlatform(/*is_needed=*/true, [this, self = self(), name] {
    upload_.name = name;
    const auto look = [this, self] {
      Look(upload_.name, [this, self](absl::StatusOr<TusUpload> upload) {
        if (upload.ok()) return Take(*std::move(upload));
        Leave();
        Refuse(upload.status());
      });
    };
    is_staged() ? look() : Enter(look);
  });
}

void TusPatch::RunCreated(TusUpload upload, const std::string& platform, const std::string& location) {
  platform_ = platform;
  location_ = location;
  upload_ = upload;
  if (!ReadHeaders()) return;
  const auto take = [this, self = self(), upload] { Take(upload); };
  is_staged() ? take() : Enter(take);
}

// Whether the body may go into the upload as it is now.
void TusPatch::Take(TusUpload upload) {
  upload_ = std::move(upload);
  absl::Status fault;
  if (upload_.note.is_final) {
    fault = Error(absl::StatusCode::kPermissionDenied, "UPLOAD_IS_FINAL",
                  "the upload is made of others, and takes no bytes of its own");
  } else if (upload_.offset != offset_) {
    fault = OffsetMismatch(offset_, upload_.offset);
  } else if (length_ && *length_ > upload_.size - offset_) {
    fault = BehindEnd(upload_.size);
  }
  if (!fault.ok() || (upload_.has_file() && offset_ == upload_.size)) {
    Leave();
    if (!fault.ok()) return Refuse(fault);
    v1::WriteResponse written;  // Its answer was lost.
    written.set_committed_bytes(upload_.size);
    *written.mutable_file() = upload_.file;
    return End(std::move(written));
  }
  call_->exchange().OnGone([self = self()] { self->Gone(); });
  is_checked() ? Check() : WriteBody();
}

void TusPatch::Enter(std::function<void()> then) {
  parts_.active.Enter(call_->exchange().loop(), KeyOf(upload_.name), this,
                      [this, self = self(), then = std::move(then)](ActiveUploads::Entry entry) {
                        if (entry == ActiveUploads::Entry::kInUse) return Refuse(InUse());
                        if (entry == ActiveUploads::Entry::kTooMany) return Refuse(TooManyUploads());
                        is_entered_ = true;
                        heard_ = http::Monotonic();
                        then();
                      });
}

void TusPatch::Leave() {
  if (std::exchange(is_entered_, false)) parts_.active.Leave(KeyOf(upload_.name));
}

v1::WriteRequest TusPatch::DataMessage(std::string bytes) const {
  v1::WriteRequest message;
  message.set_data(std::move(bytes));
  return message;
}

void TusPatch::WriteBody() {
  stream_ = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo(kWrite, Rights::kCaller),
      FirstMessage(upload_.name, offset_), [self = self()] { self->NextOfBody(); },
      [self = self()](absl::StatusOr<v1::WriteResponse> written) { self->End(std::move(written)); });
}

void TusPatch::NextOfBody() {
  if (is_gone_ || !fault_.ok()) return stream_->Close();
  if (!is_whole_) {
    return call_->exchange().Read(
        [self = self()](std::string bytes, bool is_last) { self->TakeOfBody(std::move(bytes), is_last); });
  }
  if (!EndsUpload(offset_ + received_)) return stream_->Close();
  stream_->Send(LastMessage(upload_.note, upload_.size), /*is_last=*/true);
}

void TusPatch::TakeOfBody(std::string bytes, bool is_last) {
  heard_ = http::Monotonic();
  if (is_over_) return;
  if (offset_ + received_ + static_cast<int64_t>(bytes.size()) > upload_.size)
    fault_ = BehindEnd(upload_.size);
  if (!fault_.ok()) return stream_->Close();
  received_ += static_cast<int64_t>(bytes.size());
  is_whole_ = is_last;
  if (bytes.empty()) return NextOfBody();
  stream_->Send(DataMessage(std::move(bytes)), /*is_last=*/false);
}

// Another request wants the upload: what has come is committed, and the client told to ask how far it is.
void TusPatch::Yield() {
  if (is_whole_ || is_over_ || (stream_ == nullptr && !is_gathering_)) return;
  if (fault_.ok()) fault_ = InUse();
  is_gathering_ ? End(fault_) : stream_->Close();
}

bool TusPatch::is_staged() const { return is_checked() && !(length_ && *length_ <= kCheckedInMemory); }

void TusPatch::Check() {
  if (is_staged()) return Stage();
  is_gathering_ = true;
  NextToCheck();
}

void TusPatch::NextToCheck() {
  call_->exchange().Read(
      [self = self()](std::string bytes, bool is_last) { self->TakeToCheck(std::move(bytes), is_last); });
}

void TusPatch::TakeToCheck(std::string bytes, bool is_last) {
  heard_ = http::Monotonic();
  if (is_over_) return;
  received_ += static_cast<int64_t>(bytes.size());
  digest_->Add(bytes);
  if (offset_ + received_ > upload_.size) fault_ = BehindEnd(upload_.size);
  if (fault_.ok() && is_last && digest_->Finish() != checksum_->digest) fault_ = ChecksumMismatch();
  if (!fault_.ok()) {
    if (stream_ != nullptr) return stream_->Cancel();
    return End(fault_);
  }
  is_whole_ = is_last;
  if (stream_ != nullptr) {
    if (bytes.empty()) return stream_->Close();
    return stream_->Send(DataMessage(std::move(bytes)), /*is_last=*/false);
  }
  if (!bytes.empty()) pieces_.push_back(std::move(bytes));
  if (!is_last) return NextToCheck();
  is_gathering_ = false;
  WriteChecked();
}

void TusPatch::Stage() {
  staged_ = RandomHex(kUploadNameBytes);
  stream_ = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo(kWrite, Rights::kCaller), FirstMessage(staged_, 0),
      [this, self = self()] { is_whole_ || is_gone_ ? stream_->Close() : NextToCheck(); },
      [this, self = self()](absl::StatusOr<v1::WriteResponse> written) {
        stream_ = nullptr;
        if (fault_.ok() && written.ok() && is_whole_) return Enter([self] { self->WriteChecked(); });
        End(written.ok() ? absl::CancelledError("the client has gone") : written.status());
      });
}

void TusPatch::WriteChecked() {
  stream_ = WriteStream::Start(
      parts_.upstream, call_->exchange().loop(), RequestTo(kWrite, Rights::kCaller),
      FirstMessage(upload_.name, offset_), [self = self()] { self->NextOfChecked(); },
      [self = self()](absl::StatusOr<v1::WriteResponse> written) { self->End(std::move(written)); });
}

void TusPatch::NextOfChecked() {
  if (!staged_.empty() && !std::exchange(is_copied_, true)) {
    v1::WriteRequest copy;
    copy.set_copy_upload(staged_);
    return stream_->Send(copy, /*is_last=*/false);
  }
  if (!pieces_.empty()) {
    const v1::WriteRequest piece = DataMessage(std::move(pieces_.front()));
    pieces_.pop_front();
    return stream_->Send(piece, /*is_last=*/false);
  }
  if (!EndsUpload(offset_ + received_)) return stream_->Close();
  stream_->Send(LastMessage(upload_.note, upload_.size), /*is_last=*/true);
}

void TusPatch::DropStaged() {
  if (staged_.empty()) return;
  v1::CancelWriteRequest request;
  request.set_upload(staged_);
  request.set_platform(platform_);
  // Else it expires.
  Ask<v1::CancelWriteResponse>("FileTransferService/CancelWrite", request,
                               [](const absl::StatusOr<v1::CancelWriteResponse>&) {});
}

// What came before the client went is kept, unless it was to be checked.
void TusPatch::Gone() {
  is_gone_ = true;
  if (is_gathering_ && !is_over_) return End(absl::CancelledError("the client has gone"));
  if (stream_ == nullptr || is_whole_) return;
  is_checked() ? stream_->Cancel() : stream_->Close();
}

void TusPatch::End(absl::StatusOr<v1::WriteResponse> written) {
  is_over_ = true;
  is_gathering_ = false;
  stream_ = nullptr;
  pieces_.clear();
  Leave();
  DropStaged();
  if (!fault_.ok()) return Refuse(fault_);
  if (!written.ok()) return Refuse(written.status());
  http::Headers headers = {{"upload-offset", absl::StrCat(written->committed_bytes())}};
  if (written->has_file()) {
    AddHash(headers, written->file());
  } else {
    AddExpiry(headers, ExpiryFromNow());
  }
  if (!location_.empty()) headers.push_back({"location", location_});
  Answer(location_.empty() ? 204 : 201, std::move(headers));
}

}  // namespace cognate::gateway
