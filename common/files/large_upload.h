// One content on its way, through breaks of the connection and deaths of the service.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/local_file.h"
#include "common/files/patience.h"
#include "common/files/running_hash.h"
#include "common/files/upload_client.h"
#include "common/files/upload_plan.h"

namespace cognate::files {

class LargeUpload {
 public:
  // All outlive it.
  LargeUpload(v1::FileTransferService::Stub& stub, const UploadOptions& options, UploadProgress& progress,
              const LocalFile& file, UploadPlan plan);
  ~LargeUpload();

  // Until it is stored, or cannot be.
  absl::StatusOr<UploadedFile> Run();

 private:
  using Writer = grpc::ClientWriter<v1::WriteRequest>;
  // The same, whatever content the upload's name may stand for.
  absl::Status Upload();
  // How much the service has; `*done` where it has all.
  absl::StatusOr<int64_t> Committed(bool* done);
  // One call, from there on.
  absl::Status Attempt(int64_t committed);
  // False where the call has ended.
  absl::StatusOr<bool> Send(Writer& writer, int64_t from);
  absl::StatusOr<bool> SendBytes(Writer& writer, int64_t offset, int64_t end);
  absl::StatusOr<bool> SendCopy(Writer& writer, const UploadPart& part, int64_t skipped);
  v1::WriteRequest& message() { return messages_[current_]; }
  // False where the call has ended.
  bool SendMessage(Writer& writer);
  // The content's hash, which may have to be waited for.
  absl::StatusOr<std::string> Hash();
  void Advance(int64_t position);

  v1::FileTransferService::Stub& stub_;
  const UploadOptions& options_;
  UploadProgress& progress_;
  const LocalFile& file_;
  UploadPlan plan_;
  std::string upload_;
  std::string answered_sha256_;  // Of what the service has stored.
  Patience patience_;
  // One is hashed while the other one is filled and sent.
  std::array<v1::WriteRequest, 2> messages_;
  size_t current_ = 0;
  bool is_first_ = true;  // The next message is the first of its call.
  int64_t furthest_ = 0;  // Told to progress_.
  UploadedFile result_;
  std::unique_ptr<RunningHash> hash_;  // null: the plan has the hash.
};

}  // namespace cognate::files
