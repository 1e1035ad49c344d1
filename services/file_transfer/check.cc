#include "services/file_transfer/check.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

constexpr int kMostHashes = 10'000;

using Hashes = google::protobuf::RepeatedPtrField<std::string>;

absl::Status CheckHashes(absl::string_view field, const Hashes& hashes) {
  for (int i = 0; i < hashes.size(); ++i)
    RETURN_IF_ERROR(CheckSha256(absl::StrCat(field, "[", i, "]"), hashes[i]));
  return absl::OkStatus();
}

// Where chunks are, in contents that get a lease: who asks will copy from them.
absl::Status FindChunks(Parts& parts, const Hashes& hashes, v1::CheckResponse* response) {
  ASSIGN_OR_RETURN(const std::vector<ChunkStore::Found> found,
                   parts.chunks.Find(std::vector<std::string>(hashes.begin(), hashes.end())));
  absl::flat_hash_set<std::string> contents;
  for (const ChunkStore::Found& chunk : found) {
    if (!chunk.sha256.empty()) contents.insert(chunk.sha256);
  }
  const std::vector<std::string> sha256s(contents.begin(), contents.end());
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files, parts.contents.Find(sha256s));
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i]) contents.erase(sha256s[i]);
  }
  for (const ChunkStore::Found& chunk : found) {
    v1::FileRange& range = *response->add_chunks();
    if (!contents.contains(chunk.sha256)) continue;
    range.set_sha256(chunk.sha256);
    range.set_offset(chunk.offset);
    range.set_length(chunk.length);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::CheckResponse> Check(Parts& parts, const v1::CheckRequest& request) {
  if (request.platform().empty()) return InvalidField("platform", "want the platform that asks");
  const int count = request.sha256s_size() + request.chunk_sha256s_size();
  if (count > kMostHashes) {
    return InvalidField(request.sha256s_size() > kMostHashes ? "sha256s" : "chunk_sha256s",
                        absl::StrCat("got ", count, " hashes, want at most ", kMostHashes));
  }
  RETURN_IF_ERROR(CheckHashes("sha256s", request.sha256s()));
  RETURN_IF_ERROR(CheckHashes("chunk_sha256s", request.chunk_sha256s()));
  v1::CheckResponse response;
  ASSIGN_OR_RETURN(
      const std::vector<std::optional<v1::File>> files,
      parts.contents.Find(std::vector<std::string>(request.sha256s().begin(), request.sha256s().end())));
  for (const std::optional<v1::File>& file : files) response.add_has(file.has_value());
  if (request.chunk_sha256s_size() > 0)
    RETURN_IF_ERROR(FindChunks(parts, request.chunk_sha256s(), &response));
  return response;
}

}  // namespace cognate::file_transfer
