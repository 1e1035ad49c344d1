#include "common/files/upload_plan.h"

#include <algorithm>
#include <utility>

#include "common/files/chunker.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"

namespace cognate::files {
namespace {

constexpr int64_t kReadBytes = 1 << 20;
constexpr int kMostHashes = 10'000;
// As many as there is time for.
constexpr int kAttempts = 1'000'000;
// A part of a content that is looked at: some chunks are in it whole.
constexpr int64_t kProbeBytes = 3 << 20;

// The bytes from `offset` on, piece by piece.
absl::Status ReadAll(const LocalFile& file, int64_t offset, int64_t end,
                     absl::FunctionRef<void(absl::string_view)> take) {
  std::string bytes;
  while (offset < end) {
    RETURN_IF_ERROR(file.ReadAt(offset, std::min(kReadBytes, end - offset), &bytes));
    take(bytes);
    offset += static_cast<int64_t>(bytes.size());
  }
  return absl::OkStatus();
}

// Where these chunks are found, as they follow each other.
absl::StatusOr<std::vector<UploadPart>> FindChunks(v1::FileTransferService::Stub& stub,
                                                   const UploadOptions& options,
                                                   const std::vector<Chunk>& chunks) {
  std::vector<UploadPart> parts;
  for (size_t at = 0; at < chunks.size(); at += kMostHashes) {
    const size_t end = std::min(chunks.size(), at + kMostHashes);
    v1::CheckRequest request;
    request.set_platform(options.platform);
    for (size_t i = at; i < end; ++i) request.add_chunk_sha256s(chunks[i].sha256);
    ASSIGN_OR_RETURN(const v1::CheckResponse response, CheckPatiently(stub, options, request));
    for (size_t i = at; i < end; ++i) {
      UploadPart part = {chunks[i].offset, chunks[i].length, {}};
      const auto answer = static_cast<int>(i - at);
      if (answer < response.chunks_size() && response.chunks(answer).length() == chunks[i].length)
        part.copy = response.chunks(answer);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

// Whether one part goes on where the other ends, in the same content.
bool Continues(const UploadPart& a, const UploadPart& b) {
  if (a.copy.length() == 0 || b.copy.length() == 0) return a.copy.length() == b.copy.length();
  return a.copy.sha256() == b.copy.sha256() && a.copy.offset() + a.copy.length() == b.copy.offset();
}

std::vector<UploadPart> Joined(const std::vector<UploadPart>& parts) {
  std::vector<UploadPart> joined;
  for (const UploadPart& part : parts) {
    if (joined.empty() || !Continues(joined.back(), part)) {
      joined.push_back(part);
      continue;
    }
    joined.back().length += part.length;
    if (part.copy.length() > 0) joined.back().copy.set_length(joined.back().length);
  }
  return joined;
}

// Whether chunks from the beginning, the middle or the end are stored. The first ones of a part are cut
// where the part begins, and are found by chance alone.
absl::StatusOr<bool> AnyChunkIsStored(v1::FileTransferService::Stub& stub, const UploadOptions& options,
                                      const LocalFile& file) {
  std::vector<Chunk> chunks;
  for (const int64_t offset : {int64_t{0}, file.size() / 2, file.size() - kProbeBytes}) {
    Chunker chunker(offset);
    RETURN_IF_ERROR(ReadAll(file, offset, offset + kProbeBytes, [&](absl::string_view bytes) {
      chunker.Add(bytes, [&](Chunk chunk) { chunks.push_back(std::move(chunk)); });
    }));
  }
  ASSIGN_OR_RETURN(const std::vector<UploadPart> parts, FindChunks(stub, options, chunks));
  return std::any_of(parts.begin(), parts.end(),
                     [](const UploadPart& part) { return part.copy.length() > 0; });
}

}  // namespace

std::vector<UploadPart> WholeContent(int64_t size_bytes) { return {{0, size_bytes, {}}}; }

absl::StatusOr<std::string> HashOf(const LocalFile& file) {
  Digest digest;
  RETURN_IF_ERROR(ReadAll(file, 0, file.size(), [&](absl::string_view bytes) { digest.Add(bytes); }));
  return digest.Finish();
}

grpc_support::CallOptions PatientCall(const UploadOptions& options) {
  return {.timeout = options.patience, .idempotent = true, .max_attempts = kAttempts};
}

absl::StatusOr<v1::CheckResponse> CheckPatiently(v1::FileTransferService::Stub& stub,
                                                 const UploadOptions& options,
                                                 const v1::CheckRequest& request) {
  return grpc_support::Call(stub, &v1::FileTransferService::Stub::Check, request, PatientCall(options));
}

absl::StatusOr<UploadPlan> MakePlan(v1::FileTransferService::Stub& stub, const UploadOptions& options,
                                    const LocalFile& file) {
  UploadPlan plan;
  plan.parts = WholeContent(file.size());
  if (file.size() > std::max(options.probe_bytes, 3 * kProbeBytes)) {
    ASSIGN_OR_RETURN(const bool any, AnyChunkIsStored(stub, options, file));
    if (!any) return plan;
  }
  Digest digest;
  Chunker chunker;
  std::vector<Chunk> chunks;
  const auto visit = [&](Chunk chunk) { chunks.push_back(std::move(chunk)); };
  const bool is_cut = file.size() > kUncutBytes;
  RETURN_IF_ERROR(ReadAll(file, 0, file.size(), [&](absl::string_view bytes) {
    digest.Add(bytes);
    if (is_cut) chunker.Add(bytes, visit);
  }));
  chunker.Finish(visit);
  plan.sha256 = digest.Finish();
  v1::CheckRequest request;
  request.set_platform(options.platform);
  request.add_sha256s(plan.sha256);
  ASSIGN_OR_RETURN(const v1::CheckResponse response, CheckPatiently(stub, options, request));
  plan.is_known = response.has_size() == 1 && response.has(0);
  if (plan.is_known || !is_cut) return plan;
  ASSIGN_OR_RETURN(const std::vector<UploadPart> parts, FindChunks(stub, options, chunks));
  plan.parts = Joined(parts);
  return plan;
}

}  // namespace cognate::files
