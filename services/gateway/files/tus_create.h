// POST: makes an upload, alone, with its first bytes, or of others that are complete.
#pragma once

#include <string>

#include "services/gateway/files/tus_call.h"
#include "services/gateway/files/upload_headers.h"
#include "services/gateway/files/write_stream.h"

namespace cognate::gateway {

class TusCreate final : public TusCall {
 public:
  using TusCall::TusCall;

  void Run();

 private:
  std::shared_ptr<TusCreate> self() { return std::static_pointer_cast<TusCreate>(shared_from_this()); }
  absl::Status ReadHeaders();
  void Make();
  void Made(absl::StatusOr<v1::WriteResponse> written);

  // Of the parts, one after the other: whether they are complete, and how long they are together.
  void LookAtPart(size_t part);
  void Join();

  TusUpload upload_;
  UploadConcat concat_;
  std::string location_;
  bool has_body_ = false;
  size_t joined_ = 0;
  std::shared_ptr<WriteStream> stream_;
};

}  // namespace cognate::gateway
