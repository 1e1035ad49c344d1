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

// Which are stored, for whoever asks: a platform's key learns of what the platform has alone. Others' word
// for what a platform has is taken.
absl::StatusOr<std::vector<bool>> FindContents(Parts& parts, const grpc_support::Rpc& rpc,
                                               const std::string& platform,
                                               const std::vector<std::string>& sha256s) {
  std::vector<std::string> asked = sha256s;
  std::vector<bool> has(sha256s.size(), true);
  if (IsOfPlatform(rpc)) {
    ASSIGN_OR_RETURN(has, parts.possession.Has(platform, sha256s));
    asked.clear();
    for (size_t i = 0; i < has.size(); ++i) {
      if (has[i]) asked.push_back(sha256s[i]);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files, parts.contents.Find(asked));
  std::vector<std::string> stored;
  size_t next = 0;
  for (size_t i = 0; i < has.size(); ++i) {
    if (!has[i]) continue;
    has[i] = files[next++].has_value();
    if (has[i]) stored.push_back(sha256s[i]);
  }
  if (!IsOfPlatform(rpc)) RETURN_IF_ERROR(parts.possession.Add(platform, stored));
  return has;
}

// Where chunks are, in contents that get a lease: who asks will copy from them.
absl::Status FindChunks(Parts& parts, const Hashes& hashes, const std::string& key_platform,
                        v1::CheckResponse* response) {
  const std::vector<std::string> wanted(hashes.begin(), hashes.end());
  ASSIGN_OR_RETURN(
      const std::vector<ChunkStore::Found> found,
      key_platform.empty() ? parts.chunks.Find(wanted) : parts.chunks.FindOf(key_platform, wanted));
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

absl::StatusOr<v1::CheckResponse> Check(Parts& parts, const v1::CheckRequest& request,
                                        const grpc_support::Rpc& rpc) {
  ASSIGN_OR_RETURN(const std::string platform, PlatformOf(parts, rpc, request.platform()));
  const int count = request.sha256s_size() + request.chunk_sha256s_size();
  if (count > kMostHashes) {
    return InvalidField(request.sha256s_size() > kMostHashes ? "sha256s" : "chunk_sha256s",
                        absl::StrCat("got ", count, " hashes, want at most ", kMostHashes));
  }
  RETURN_IF_ERROR(CheckHashes("sha256s", request.sha256s()));
  RETURN_IF_ERROR(CheckHashes("chunk_sha256s", request.chunk_sha256s()));
  v1::CheckResponse response;
  ASSIGN_OR_RETURN(
      const std::vector<bool> has,
      FindContents(parts, rpc, platform,
                   std::vector<std::string>(request.sha256s().begin(), request.sha256s().end())));
  for (const bool one : has) response.add_has(one);
  if (request.chunk_sha256s_size() > 0)
    RETURN_IF_ERROR(FindChunks(parts, request.chunk_sha256s(), KeyPlatform(rpc), &response));
  return response;
}

}  // namespace cognate::file_transfer
