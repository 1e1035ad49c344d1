// What delivery asks file-transfer. Thread safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"

namespace cognate::delivery {

class FileTransferClient {
 public:
  explicit FileTransferClient(const std::string& address);
  ~FileTransferClient();

  // Made once.
  absl::StatusOr<v1::BindResponse> Bind(const v1::BindRequest& request, absl::Duration timeout);

 private:
  struct Peer;
  const std::unique_ptr<Peer> peer_;
};

}  // namespace cognate::delivery
