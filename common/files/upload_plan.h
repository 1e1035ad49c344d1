// Of what a content is put together: bytes that travel, and parts of what is stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/files/local_file.h"
#include "common/files/upload_client.h"
#include "common/grpc/channel.h"

namespace cognate::files {

struct UploadPart {
  int64_t offset = 0;
  int64_t length = 0;
  v1::FileRange copy;  // Its `length` is 0: these bytes travel.
};

struct UploadPlan {
  std::string sha256;  // Empty: it is found while the content travels.
  bool is_known = false;
  std::vector<UploadPart> parts;
};

// Hashes the content, or at least looks at some parts of it, and asks what of it is stored.
absl::StatusOr<UploadPlan> MakePlan(v1::FileTransferService::Stub& stub, const UploadOptions& options,
                                    const LocalFile& file);
// All of it travels.
std::vector<UploadPart> WholeContent(int64_t size_bytes);

absl::StatusOr<std::string> HashOf(const LocalFile& file);

// A call that is made again until it is answered, or the patience is at its end.
grpc_support::CallOptions PatientCall(const UploadOptions& options);
absl::StatusOr<v1::CheckResponse> CheckPatiently(v1::FileTransferService::Stub& stub,
                                                 const UploadOptions& options,
                                                 const v1::CheckRequest& request);

}  // namespace cognate::files
