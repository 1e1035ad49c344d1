#include "services/file_transfer/write.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/content_writer.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

class WriteCall {
 public:
  WriteCall(Parts& parts, const grpc_support::Rpc& rpc, grpc_support::Source<v1::WriteRequest>& messages,
            std::function<void()> cancel)
      : parts_(parts), rpc_(rpc), messages_(messages), cancel_(std::move(cancel)), reader_(parts.messages) {}

  absl::StatusOr<v1::WriteResponse> Run() {
    ASSIGN_OR_RETURN(call_, parts_.calls.Enter(KeyPlatform(rpc_), cancel_));
    if (!Listen()) return InvalidField("upload", "got no message, want a first one");
    ASSIGN_OR_RETURN(upload_, UploadOf(message_));
    ASSIGN_OR_RETURN(upload_.platform, PlatformOf(parts_, rpc_, message_.platform()));
    RETURN_IF_ERROR(CheckPiece(message_, /*is_first=*/true));
    ASSIGN_OR_RETURN(std::optional<v1::WriteResponse> known, Known());
    if (known) return *std::move(known);
    RETURN_IF_ERROR(CheckSize(upload_.size_bytes));
    if (IsSmall()) return WriteSmall();
    ASSIGN_OR_RETURN(claim_, parts_.sessions.Take(upload_.platform, upload_.name, cancel_,
                                                  [this] { return rpc_.cancelled(); }));
    // The call that had it may have come to its end meanwhile.
    ASSIGN_OR_RETURN(known, Known());
    if (known) return *std::move(known);
    return WriteLarge();
  }

 private:
  // The next message; false where there is none.
  bool Listen() {
    // What it had is passed on, and a client that says nothing holds nothing.
    message_.Clear();
    reader_.Begin();
    call_->Listens();
    if (claim_ != nullptr) claim_->Listens();
    const bool is_heard = messages_.Read(&message_);
    call_->Heard();
    if (claim_ != nullptr) claim_->Heard();
    reader_.End(static_cast<int64_t>(message_.data().size()));
    return is_heard;
  }

  // What was sent to the end is answered for; what only has a name, to those who have it.
  absl::StatusOr<bool> MayKnow(const std::optional<Upload>& found, const std::string& sha256) {
    if (found && found->file_sha256 == sha256) return true;
    if (IsOfPlatform(rpc_)) return parts_.possession.HasOne(upload_.platform, sha256);
    RETURN_IF_ERROR(parts_.possession.Add(upload_.platform, {sha256}));
    return true;
  }

  // The answer, where the content is stored already.
  absl::StatusOr<std::optional<v1::WriteResponse>> Known() {
    ASSIGN_OR_RETURN(const std::optional<Upload> found,
                     parts_.uploads.Find(upload_.platform, upload_.name, parts_.clock.Now()));
    is_new_ = !found;
    if (!found && message_.write_offset() > 0) return WriteOffsetMismatch(message_.write_offset(), 0);
    if (found) RETURN_IF_ERROR(CheckSame(*found, upload_));
    const std::string sha256 = found && !found->file_sha256.empty() ? found->file_sha256
                               : !upload_.sha256.empty()            ? upload_.sha256
                               : found                              ? found->sha256
                                                                    : "";
    if (sha256.empty()) return std::nullopt;
    ASSIGN_OR_RETURN(const bool may_know, MayKnow(found, sha256));
    if (!may_know) return std::nullopt;
    ASSIGN_OR_RETURN(std::vector<std::optional<v1::File>> files, parts_.contents.Find({sha256}));
    if (!files.front()) {
      // It was complete, and then collected.
      if (found && !found->file_sha256.empty()) {
        RETURN_IF_ERROR(parts_.uploads.RemoveThis(*found));
        is_new_ = true;
      }
      return std::nullopt;
    }
    v1::File& file = *files.front();
    if (upload_.size_bytes >= 0 && upload_.size_bytes != file.size_bytes()) {
      parts_.metrics.uploads.With({"refused"}).Increment();
      return FileDamaged(sha256, absl::StrCat("the content with this SHA-256 has ", file.size_bytes(),
                                              " bytes, and not ", upload_.size_bytes));
    }
    if (found && found->file_sha256.empty()) {
      RETURN_IF_ERROR(parts_.uploads.Finish(*found, sha256, file.size_bytes(), parts_.clock.Now()));
      RETURN_IF_ERROR(parts_.blobs.RemovePartial(found->partial));
    }
    parts_.metrics.uploads.With({"known"}).Increment();
    return Answer(std::move(file));
  }

  v1::WriteResponse Answer(v1::File file) {
    // Without it, the content is as good.
    parts_.contents.FillMediaType(&file).IgnoreError();
    v1::WriteResponse response;
    response.set_committed_bytes(file.size_bytes());
    *response.mutable_file() = std::move(file);
    return response;
  }

  // Whether a content of this size (-1: not known yet) may be sent.
  absl::Status CheckSize(int64_t size_bytes) {
    if (!IsOfPlatform(rpc_) || size_bytes < 0) return absl::OkStatus();
    RETURN_IF_ERROR(parts_.quota.CheckFile(size_bytes));
    return parts_.quota.Check(upload_.platform, size_bytes - message_.write_offset());
  }

  // So many bytes have come.
  absl::Status Take(int64_t bytes) {
    if (!IsOfPlatform(rpc_) || bytes == 0) return absl::OkStatus();
    if (writer_ != nullptr) RETURN_IF_ERROR(parts_.quota.CheckFile(writer_->size() + bytes));
    return parts_.quota.Take(upload_.platform, bytes);
  }

  // All of it is in the first message.
  bool IsSmall() const {
    return is_new_ && message_.finish_write() && !message_.has_copy() &&
           message_.piece_case() != v1::WriteRequest::kCopyUpload && message_.write_offset() == 0 &&
           static_cast<int64_t>(message_.data().size()) <= kPackedBytes;
  }

  absl::StatusOr<v1::WriteResponse> WriteSmall() {
    const std::string sha256 = files::Sha256(message_.data());
    RETURN_IF_ERROR(CheckEnd(static_cast<int64_t>(message_.data().size()), sha256));
    parts_.metrics.received_bytes.Increment(static_cast<double>(message_.data().size()));
    RETURN_IF_ERROR(Take(static_cast<int64_t>(message_.data().size())));
    RETURN_IF_ERROR(parts_.contents.PutSmall({{sha256, message_.data()}}).status());
    RETURN_IF_ERROR(parts_.possession.AddSent(upload_.platform, {sha256}));
    ASSIGN_OR_RETURN(std::vector<std::optional<v1::File>> files, parts_.contents.Find({sha256}));
    if (!files.front()) return FileNotFound(sha256);
    parts_.metrics.uploads.With({"stored"}).Increment();
    return Answer(*std::move(files.front()));
  }

  absl::StatusOr<v1::WriteResponse> WriteLarge() {
    ASSIGN_OR_RETURN(const Upload begun, parts_.uploads.Begin(upload_, parts_.clock.Now()));
    RETURN_IF_ERROR(CheckSame(begun, upload_));
    upload_ = begun;
    // Another process has finished it since Known.
    if (!upload_.file_sha256.empty()) return UploadInUse(upload_.name);
    if (message_.write_offset() != upload_.committed_bytes)
      return WriteOffsetMismatch(message_.write_offset(), upload_.committed_bytes);
    claim_->SetPartial(upload_.partial);
    absl::StatusOr<std::unique_ptr<Partial>> opened =
        parts_.blobs.OpenPartial(upload_.partial, upload_.committed_bytes);
    if (absl::IsAborted(opened.status())) {
      RETURN_IF_ERROR(parts_.uploads.Want(upload_, parts_.clock.Now()));
      return UploadInUse(upload_.name);
    }
    if (absl::IsDataLoss(opened.status())) return GiveUp(opened.status().message());
    RETURN_IF_ERROR(opened.status());
    partial_ = *std::move(opened);
    writer_ = std::make_unique<ContentWriter>(
        *partial_, parts_.memory, parts_.clock, upload_.hash_state,
        [this](int64_t committed, const std::string& hash_state) { return Commit(committed, hash_state); });
    // Whoever asks again finds what was complete already complete.
    writer_->EndWhen([this] { return rpc_.draining() || (rpc_.cancelled() && !is_complete_); });
    absl::StatusOr<v1::WriteResponse> response = Receive();
    // What is left of it goes before somebody else may write.
    writer_.reset();
    partial_.reset();
    return response;
  }

  absl::StatusOr<v1::WriteResponse> Receive() {
    bool is_first = true;
    do {
      RETURN_IF_ERROR(CheckPiece(message_, std::exchange(is_first, false)));
      if (message_.write_offset() != 0 && message_.write_offset() != writer_->size())
        return WriteOffsetMismatch(message_.write_offset(), writer_->size());
      RETURN_IF_ERROR(Lost(Append()));
      if (upload_.size_bytes >= 0 && writer_->size() > upload_.size_bytes)
        return GiveUp(absl::StrCat("more than the ", upload_.size_bytes, " bytes came that were said"));
      if (message_.finish_write()) return Finish();
    } while (Listen());
    RETURN_IF_ERROR(Lost(writer_->Sync()));
    v1::WriteResponse response;
    response.set_committed_bytes(writer_->size());
    return response;
  }

  absl::Status Append() {
    switch (message_.piece_case()) {
      case v1::WriteRequest::kData:
        parts_.metrics.received_bytes.Increment(static_cast<double>(message_.data().size()));
        RETURN_IF_ERROR(Take(static_cast<int64_t>(message_.data().size())));
        return message_.data().empty() ? absl::OkStatus() : writer_->Append(message_.mutable_data());
      case v1::WriteRequest::kCopy:
        return AppendCopy(message_.copy());
      case v1::WriteRequest::kCopyUpload:
        return AppendUpload(message_.copy_upload());
      case v1::WriteRequest::PIECE_NOT_SET:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status AppendCopy(const v1::FileRange& range) {
    if (copied_sha256_ != range.sha256()) {
      if (IsOfPlatform(rpc_)) {
        ASSIGN_OR_RETURN(const bool has, parts_.possession.HasOne(upload_.platform, range.sha256()));
        if (!has) return FileNotFound(range.sha256());
      }
      ASSIGN_OR_RETURN(copied_, parts_.contents.Open(range.sha256()));
      copied_sha256_ = range.sha256();
    }
    if (range.length() > copied_.size_bytes - range.offset())
      return InvalidField("copy", absl::StrCat("the content has ", copied_.size_bytes, " bytes"));
    RETURN_IF_ERROR(Take(range.length()));
    parts_.metrics.copied_bytes.Increment(static_cast<double>(range.length()));
    return writer_->AppendFrom(copied_.reader, range.offset(), range.length());
  }

  absl::Status AppendUpload(const std::string& name) {
    if (name == upload_.name) return InvalidField("copy_upload", "got the upload itself, want another one");
    ASSIGN_OR_RETURN(const std::optional<Upload> other,
                     parts_.uploads.Find(upload_.platform, name, parts_.clock.Now()));
    if (!other) return UploadNotFound(name);
    if (other->committed_bytes == 0) return absl::OkStatus();
    std::shared_ptr<BlobReader> reader;
    if (!other->file_sha256.empty()) {
      ASSIGN_OR_RETURN(reader, OpenWhole(other->file_sha256));
    } else {
      absl::StatusOr<std::unique_ptr<BlobReader>> opened = parts_.blobs.ReadPartial(other->partial);
      if (absl::IsNotFound(opened.status())) return UploadNotFound(name);
      RETURN_IF_ERROR(opened.status());
      reader = *std::move(opened);
    }
    RETURN_IF_ERROR(Take(other->committed_bytes));
    parts_.metrics.copied_bytes.Increment(static_cast<double>(other->committed_bytes));
    return writer_->AppendFrom(std::move(reader), 0, other->committed_bytes);
  }

  absl::StatusOr<std::shared_ptr<BlobReader>> OpenWhole(const std::string& sha256) {
    ASSIGN_OR_RETURN(Contents::Opened opened, parts_.contents.Open(sha256));
    return std::move(opened.reader);
  }

  absl::StatusOr<v1::WriteResponse> Finish() {
    is_complete_ = true;
    absl::StatusOr<std::string> sha256 = writer_->Finish();
    RETURN_IF_ERROR(Lost(sha256.status()));
    const absl::Status checked = CheckEnd(writer_->size(), *sha256);
    if (absl::IsDataLoss(checked)) return GiveUp(checked.message());
    RETURN_IF_ERROR(checked);
    const int64_t size = writer_->size();
    ASSIGN_OR_RETURN(v1::File file, parts_.contents.PutPartial(*partial_, upload_.partial, *sha256,
                                                               [&](postgres::Transaction& transaction) {
                                                                 return UploadStore::FinishIn(
                                                                     transaction, upload_, *sha256, size,
                                                                     parts_.clock.Now());
                                                               }));
    // What is stored is stored: else the collection removes it.
    parts_.blobs.RemovePartial(upload_.partial).IgnoreError();
    parts_.metrics.uploads.With({"stored"}).Increment();
    return Answer(std::move(file));
  }

  // Compares what came with what was said, at first or now.
  absl::Status CheckEnd(int64_t size, const std::string& sha256) {
    Upload end = upload_;
    end.sha256 = message_.sha256();
    end.size_bytes = message_.has_size_bytes() ? message_.size_bytes() : -1;
    if (!end.sha256.empty()) RETURN_IF_ERROR(CheckSha256("sha256", end.sha256));
    RETURN_IF_ERROR(CheckSame(upload_, end));
    if (end.sha256.empty()) end.sha256 = upload_.sha256;
    if (end.sha256.empty() && message_.hash_here()) end.sha256 = sha256;
    if (end.size_bytes < 0) end.size_bytes = upload_.size_bytes;
    if (end.sha256.empty())
      return InvalidField("sha256", "want it with finish_write, or in the first message");
    if (end.size_bytes < 0)
      return InvalidField("size_bytes", "want it with finish_write, or in the first message");
    if (size != end.size_bytes) {
      return FileDamaged(end.sha256,
                         absl::StrCat(size, " bytes came, and ", end.size_bytes, " were said; begin again"));
    }
    if (sha256 != end.sha256)
      return FileDamaged(end.sha256, "what came has another SHA-256 than was said; begin again");
    return absl::OkStatus();
  }

  absl::Status Commit(int64_t committed_bytes, const std::string& hash_state) {
    ASSIGN_OR_RETURN(const bool is_there,
                     parts_.uploads.Commit(upload_, committed_bytes, hash_state, parts_.clock.Now()));
    return is_there ? absl::OkStatus() : UploadNotFound(upload_.name);
  }

  // What a copied content has lost is the sender's trouble: it sends the bytes instead.
  absl::Status Lost(const absl::Status& status) {
    return absl::IsDataLoss(status) && ErrorReason(status).empty() ? GiveUp(status.message()) : status;
  }

  // Nothing of it is any use.
  absl::Status GiveUp(absl::string_view why) {
    writer_.reset();
    partial_.reset();
    parts_.metrics.uploads.With({"refused"}).Increment();
    ASSIGN_OR_RETURN(const bool is_removed, parts_.uploads.RemoveUnfinished(upload_));
    // It is complete, and whoever asks again hears so.
    if (!is_removed) return UploadInUse(upload_.name);
    RETURN_IF_ERROR(parts_.blobs.RemovePartial(upload_.partial));
    return FileDamaged(upload_.sha256, why);
  }

  Parts& parts_;
  const grpc_support::Rpc& rpc_;
  grpc_support::Source<v1::WriteRequest>& messages_;
  const std::function<void()> cancel_;
  MessageRoom::Reader reader_;
  v1::WriteRequest message_;
  Upload upload_;
  bool is_new_ = false;
  std::atomic<bool> is_complete_ = false;  // All of it has come.
  std::unique_ptr<StreamCalls::Call> call_;
  std::unique_ptr<UploadSessions::Claim> claim_;
  std::unique_ptr<Partial> partial_;
  std::unique_ptr<ContentWriter> writer_;
  std::string copied_sha256_;  // Of the content that was copied from last.
  Contents::Opened copied_;
};

}  // namespace

absl::StatusOr<v1::WriteResponse> Write(Parts& parts, const grpc_support::Rpc& rpc,
                                        grpc_support::Source<v1::WriteRequest>& messages,
                                        std::function<void()> cancel) {
  return WriteCall(parts, rpc, messages, std::move(cancel)).Run();
}

}  // namespace cognate::file_transfer
