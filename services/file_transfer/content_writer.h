// A content on its way to the disk: while its owner receives, one thread hashes and another writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/byte_budget.h"

namespace cognate::file_transfer {

// Used by one thread. After an error everything answers with it.
class ContentWriter {
 public:
  // Told, by another thread, what is synced.
  using Commit = std::function<absl::Status(int64_t committed_bytes)>;

  // What the partial has already is hashed first. `partial` and `budget` outlive it.
  ContentWriter(Partial& partial, ByteBudget& budget, Commit commit);
  // What is not written yet is dropped.
  ~ContentWriter();

  int64_t size() const { return size_; }
  // Takes the bytes; leaves a buffer in `*bytes` that was used before, to be filled again.
  absl::Status Append(std::string* bytes);
  absl::Status AppendFrom(std::shared_ptr<BlobReader> from, int64_t offset, int64_t length);
  // All of it is synced and committed.
  absl::Status Sync();
  // The same, and the hash.
  absl::StatusOr<std::string> Finish();

 private:
  struct Piece;
  class Lane;
  absl::Status Pass(std::shared_ptr<Piece> piece);
  absl::Status Hash(Piece& piece);
  absl::Status Write(Piece& piece);
  absl::Status SyncPartial();
  void Recycle(std::string bytes);

  Partial& partial_;
  ByteBudget& budget_;
  const Commit commit_;
  ByteBudget own_budget_;
  int64_t size_;
  int64_t synced_;  // The writing thread's.
  struct State;
  const std::unique_ptr<State> state_;
  std::unique_ptr<Lane> hashing_;
  std::unique_ptr<Lane> writing_;
};

}  // namespace cognate::file_transfer
