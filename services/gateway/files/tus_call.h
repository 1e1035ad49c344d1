// A request of tus 1.0. https://tus.io/protocols/resumable-upload
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/gateway/files/file_call.h"
#include "services/gateway/files/tus_note.h"

namespace cognate::gateway {

inline constexpr char kTusVersion[] = "1.0.0";

// An upload as the file-transfer service knows it.
struct TusUpload {
  std::string name;
  TusNote note;
  int64_t offset = 0;
  int64_t size = 0;
  absl::Time expire_at;
  v1::File file;  // Once it is complete.

  bool has_file() const { return !file.sha256().empty(); }
};

// Of the loop's thread.
class TusCall : public FileCall {
 public:
  using FileCall::FileCall;

 protected:
  // UPLOAD_NOT_FOUND where there is no such upload by tus.
  void Look(const std::string& name, std::function<void(absl::StatusOr<TusUpload>)> then);

  // The first message of a call of Write.
  v1::WriteRequest FirstMessage(const std::string& upload, int64_t offset) const;
  // The last one, of a content of so many bytes, with the hash that it is said to have, if any.
  static v1::WriteRequest LastMessage(const TusNote& note, int64_t size);
  // Makes a complete upload a content, where that was interrupted.
  void Complete(const TusUpload& upload, std::function<void(absl::StatusOr<v1::WriteResponse>)> then);

  std::string KeyOf(const std::string& upload) const { return platform_ + "/" + upload; }
  absl::Time ExpiryFromNow() const { return call_->clock().Now() + parts_.upload_lifetime; }

  void Answer(int http_status, http::Headers headers, const absl::Status& status = absl::OkStatus());
  void Refuse(const absl::Status& status, int http_status = 0);
};

// With the status that tus gives it, or that of its code.
int TusStatusOf(const absl::Status& status);
void AddExpiry(http::Headers& headers, absl::Time expire_at);
void AddHash(http::Headers& headers, const v1::File& file);

}  // namespace cognate::gateway
