// The rows of chunks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/files/chunker.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/file_store.h"

namespace cognate::file_transfer {

// Thread safe.
class ChunkStore {
 public:
  explicit ChunkStore(postgres::Pool& pool) : pool_(pool) {}

  // Whose chunks are not known yet, and whom nobody cuts, oldest first. It is the caller's until then.
  absl::StatusOr<std::optional<StoredFile>> ClaimUncut(int64_t after_id, absl::Time now, absl::Time until);
  // It stays the caller's until then.
  absl::Status Add(int64_t file_id, absl::Span<const files::Chunk> chunks, absl::Time until);
  // All of them are there.
  absl::Status SetCut(int64_t file_id);

  struct Found {
    int64_t file_id = 0;
    std::string sha256;  // Of the content; empty: nowhere.
    int64_t offset = 0;
    int64_t length = 0;
  };
  // One for each: in a content that is whole.
  absl::StatusOr<std::vector<Found>> Find(absl::Span<const std::string> chunk_sha256s);
  // The same, in contents that this platform has.
  absl::StatusOr<std::vector<Found>> FindOf(absl::string_view platform,
                                            absl::Span<const std::string> chunk_sha256s);

 private:
  absl::StatusOr<std::vector<Found>> Select(const postgres::Statement& statement,
                                            const postgres::Params& params, size_t count);
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer
