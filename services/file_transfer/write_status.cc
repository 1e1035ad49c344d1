#include <optional>
#include <string>
#include <vector>

#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/write.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {

absl::StatusOr<v1::QueryWriteStatusResponse> QueryWriteStatus(Parts& parts,
                                                              const v1::QueryWriteStatusRequest& request,
                                                              const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(CheckUploadName(request.upload()));
  ASSIGN_OR_RETURN(const std::string platform, PlatformOf(parts, rpc, request.platform()));
  ASSIGN_OR_RETURN(const std::optional<Upload> upload,
                   parts.uploads.Find(platform, request.upload(), parts.clock.Now()));
  if (!upload) return UploadNotFound(request.upload());
  v1::QueryWriteStatusResponse response;
  response.set_committed_bytes(upload->committed_bytes);
  response.set_size_bytes(upload->size_bytes);
  response.set_note(upload->note);
  *response.mutable_expire_time() = ToTimestamp(upload->expire_at);
  if (upload->file_sha256.empty()) return response;
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files,
                   parts.contents.Find({upload->file_sha256}));
  if (!files.front()) return UploadNotFound(request.upload());
  *response.mutable_file() = *files.front();
  return response;
}

absl::StatusOr<v1::CancelWriteResponse> CancelWrite(Parts& parts, const v1::CancelWriteRequest& request,
                                                    const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(CheckUploadName(request.upload()));
  ASSIGN_OR_RETURN(const std::string platform, PlatformOf(parts, rpc, request.platform()));
  parts.sessions.End(platform, request.upload());
  ASSIGN_OR_RETURN(const std::optional<Upload> removed, parts.uploads.Remove(platform, request.upload()));
  if (removed) RETURN_IF_ERROR(parts.blobs.RemovePartial(removed->partial));
  return v1::CancelWriteResponse();
}

}  // namespace cognate::file_transfer
