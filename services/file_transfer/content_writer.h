// A content on its way to the disk: while its owner receives, one thread hashes and another writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/file_transfer/blob_store.h"
#include "services/file_transfer/byte_budget.h"

namespace cognate::file_transfer {

// Used by one thread. After an error everything answers with it.
class ContentWriter {
 public:
  // Told, by another thread, what is synced, after every 16 MiB and every ten seconds in which something
  // came; and how far it is hashed, from where another writer goes on (files::Digest::Save).
  using Commit = std::function<absl::Status(int64_t committed_bytes, const std::string& hash_state)>;

  // What the partial has already is hashed first, behind what `hash_state` says to be hashed. All that is
  // referred to outlives it.
  ContentWriter(Partial& partial, ByteBudget& budget, const Clock& clock, absl::string_view hash_state,
                Commit commit);
  // What is not written yet is dropped.
  ~ContentWriter();

  int64_t size() const { return size_; }
  // Asked by other threads in the midst of copies and of hashing anew: true ends them with CANCELLED. What
  // was appended as bytes is little, and kept. Before anything is appended.
  void EndWhen(std::function<bool()> is_over);
  // Takes the bytes, once there is memory for them.
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
  void PassBytesBefore(absl::string_view hash_state);
  void AwaitCopies();
  absl::Status Hash(Piece& piece);
  void AddToHash(absl::string_view bytes);
  absl::Status Write(Piece& piece);
  absl::Status SyncPartial();

  Partial& partial_;
  ByteBudget& budget_;
  const Clock& clock_;
  const Commit commit_;
  ByteBudget own_budget_;
  int64_t size_;
  bool has_copies_ = false;  // Among the pieces that wait.
  // The writing thread's.
  int64_t synced_;
  absl::Time synced_at_;
  struct State;
  const std::unique_ptr<State> state_;
  std::unique_ptr<Lane> hashing_;
  std::unique_ptr<Lane> writing_;
};

}  // namespace cognate::file_transfer
