#include "services/file_transfer/batch.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/read.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

constexpr int kMostFiles = 1'000;
constexpr int64_t kMostBytes = 4 << 20;

absl::Status CheckCount(absl::string_view field, int count) {
  if (count <= kMostFiles) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("got ", count, ", want at most ", kMostFiles));
}

}  // namespace

absl::StatusOr<v1::BatchWriteResponse> BatchWrite(Parts& parts, const v1::BatchWriteRequest& request,
                                                  const grpc_support::Rpc& rpc) {
  ASSIGN_OR_RETURN(const std::string platform, PlatformOf(parts, rpc, request.platform()));
  RETURN_IF_ERROR(CheckCount("files", request.files_size()));
  int64_t bytes = 0;
  std::vector<Contents::Small> files;
  files.reserve(static_cast<size_t>(request.files_size()));
  for (const v1::SmallFile& file : request.files()) {
    RETURN_IF_ERROR(CheckSha256(absl::StrCat("files[", files.size(), "].sha256"), file.sha256()));
    files.push_back({file.sha256(), file.data()});
    bytes += static_cast<int64_t>(file.data().size());
  }
  if (bytes > kMostBytes)
    return InvalidField("files", absl::StrCat("got ", bytes, " bytes, want at most ", kMostBytes));
  if (IsOfPlatform(rpc)) RETURN_IF_ERROR(parts.quota.Take(platform, bytes));
  parts.metrics.received_bytes.Increment(static_cast<double>(bytes));
  ASSIGN_OR_RETURN(const std::vector<absl::Status> statuses, parts.contents.PutSmall(files));
  std::vector<std::string> shown;
  for (size_t i = 0; i < statuses.size(); ++i) {
    parts.metrics.uploads.With({statuses[i].ok() ? "stored" : "refused"}).Increment();
    if (statuses[i].ok()) shown.emplace_back(files[i].sha256);
  }
  RETURN_IF_ERROR(parts.possession.AddSent(platform, shown));
  v1::BatchWriteResponse response;
  for (const absl::Status& status : statuses) {
    v1::OutcomeError& error = *response.add_errors();
    if (status.ok()) continue;
    error.set_reason(ErrorReason(status));
    error.set_message(std::string(status.message()));
  }
  return response;
}

absl::StatusOr<v1::BatchReadResponse> BatchRead(Parts& parts, const v1::BatchReadRequest& request,
                                                const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(CheckCount("sha256s", request.sha256s_size()));
  for (const std::string& sha256 : request.sha256s()) RETURN_IF_ERROR(CheckSha256("sha256s", sha256));
  const std::vector<std::string> sha256s(request.sha256s().begin(), request.sha256s().end());
  ASSIGN_OR_RETURN(const std::vector<std::optional<StoredFile>> files, parts.contents.FindStored(sha256s));
  v1::BatchReadResponse response;
  int64_t bytes = 0;
  ASSIGN_OR_RETURN(const std::vector<bool> may_read, MayReadAll(parts, rpc.principal(), sha256s));
  for (size_t i = 0; i < files.size(); ++i) {
    const std::optional<StoredFile>& file = files[i];
    if (file && may_read[i]) {
      if (bytes + file->size_bytes > kMostBytes) break;
      v1::SmallFile small;
      small.set_sha256(file->sha256);
      const absl::Status read = parts.contents.Read(*file, 0, -1, [&](absl::string_view piece) {
        small.mutable_data()->append(piece.data(), piece.size());
        return true;
      });
      if (absl::IsUnavailable(read)) return read;
      // What was collected or found damaged meanwhile is not stored.
      if (read.ok()) *response.add_files() = std::move(small);
      bytes += file->size_bytes;
    }
    response.set_answered_count(response.answered_count() + 1);
  }
  // A first one that is larger itself would be asked for again and again.
  if (response.answered_count() == 0 && !files.empty()) response.set_answered_count(1);
  parts.metrics.read_bytes.Increment(static_cast<double>(bytes));
  return response;
}

}  // namespace cognate::file_transfer
