#include "services/file_transfer/list_files.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/read.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1'000;

}  // namespace

absl::StatusOr<v1::GetFileResponse> GetFile(Parts& parts, const v1::GetFileRequest& request,
                                            const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(CheckSha256("sha256", request.sha256()));
  RETURN_IF_ERROR(MayRead(parts, rpc.principal(), request.sha256()));
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files, parts.contents.Find({request.sha256()}));
  if (!files.front()) return FileNotFound(request.sha256());
  v1::GetFileResponse response;
  *response.mutable_file() = *files.front();
  RETURN_IF_ERROR(parts.contents.FillMediaType(response.mutable_file()));
  ASSIGN_OR_RETURN(const std::vector<int64_t> counts, parts.references.CountBindings({request.sha256()}));
  response.mutable_file()->set_binding_count(counts.front());
  return response;
}

absl::StatusOr<v1::ListFilesResponse> ListFiles(Parts& parts, const v1::ListFilesRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kLargestPage)
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want 0 to ", kLargestPage));
  const int size = request.page_size() == 0 ? kDefaultPage : request.page_size();
  std::optional<int64_t> before;
  if (!request.page_token().empty()) {
    int64_t token = 0;
    if (!absl::SimpleAtoi(request.page_token(), &token))
      return InvalidField("page_token", "want the next_page_token of the page before");
    before = token;
  }
  ASSIGN_OR_RETURN(const std::vector<StoredFile> files, parts.files.List(before, size));
  v1::ListFilesResponse response;
  std::vector<std::string> sha256s;
  for (const StoredFile& file : files) {
    *response.add_files() = ToFile(file);
    sha256s.push_back(file.sha256);
    // A damaged one cannot be looked into.
    if (!file.is_damaged) {
      const absl::Status looked =
          parts.contents.FillMediaType(response.mutable_files(response.files_size() - 1));
      if (absl::IsUnavailable(looked)) return looked;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> counts, parts.references.CountBindings(sha256s));
  for (size_t i = 0; i < counts.size(); ++i)
    response.mutable_files(static_cast<int>(i))->set_binding_count(counts[i]);
  if (static_cast<int>(files.size()) == size)
    response.set_next_page_token(absl::StrCat(files.back().file_id));
  ASSIGN_OR_RETURN(const FileStore::Totals totals, parts.files.Count());
  response.set_total_count(totals.count);
  response.set_total_bytes(totals.bytes);
  response.set_stored_bytes(totals.stored_bytes);
  return response;
}

}  // namespace cognate::file_transfer
