// Takes the body of a request into an upload: PATCH, and POST that brings the first bytes along.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "services/gateway/files/body_digest.h"
#include "services/gateway/files/tus_call.h"
#include "services/gateway/files/upload_headers.h"
#include "services/gateway/files/write_stream.h"

namespace cognate::gateway {

// The bytes go on as they come, a piece at a time. With a checksum they are looked at first: few are kept
// here meanwhile, and many in an upload of their own, of which they are copied when they are right.
class TusPatch final : public TusCall, public UploadHolder {
 public:
  using TusCall::TusCall;

  // PATCH.
  void Run(const std::string& name);
  // The body of the POST that has just made the upload.
  void RunCreated(TusUpload upload, const std::string& platform, const std::string& location);

  absl::Duration heard() const override { return heard_; }
  void Yield() override;

 private:
  std::shared_ptr<TusPatch> self() { return std::static_pointer_cast<TusPatch>(shared_from_this()); }
  bool ReadHeaders();
  void Take(TusUpload upload);

  // The upload is entered, looked at again, and the body goes into it. So it is where few bytes are kept
  // here: as many as may enter are kept at once.
  void Enter(std::function<void()> then);
  void Leave();
  void WriteBody();
  void NextOfBody();
  void TakeOfBody(std::string bytes, bool is_last);

  // With a checksum.
  void Check();
  void NextToCheck();
  void TakeToCheck(std::string bytes, bool is_last);
  void Stage();
  void WriteChecked();
  void NextOfChecked();
  void DropStaged();

  bool is_checked() const { return checksum_.has_value(); }
  // Into an upload of its own first, because they are many; that one nobody else knows.
  bool is_staged() const;
  bool EndsUpload(int64_t offset) const { return offset == upload_.size && !upload_.note.is_partial; }
  v1::WriteRequest DataMessage(std::string bytes) const;
  void End(absl::StatusOr<v1::WriteResponse> written);
  void Gone();

  int64_t offset_ = 0;             // Upload-Offset.
  std::optional<int64_t> length_;  // Content-Length.
  std::optional<UploadChecksum> checksum_;
  TusUpload upload_;
  std::string location_;  // Of an upload that was just made.

  std::shared_ptr<WriteStream> stream_;
  std::unique_ptr<BodyDigest> digest_;
  std::deque<std::string> pieces_;  // Few, to be checked.
  std::string staged_;              // The upload of many.
  int64_t received_ = 0;
  absl::Duration heard_ = http::Monotonic();
  absl::Status fault_;  // Found here.
  bool is_entered_ = false;
  bool is_gathering_ = false;  // What is to be checked here.
  bool is_whole_ = false;      // The body.
  bool is_copied_ = false;     // What was staged.
  bool is_gone_ = false;
  bool is_over_ = false;
};

}  // namespace cognate::gateway
