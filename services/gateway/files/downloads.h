// Who reads contents at this gateway, and what of them is in memory for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/memory.h"
#include "common/sync/mutex.h"

namespace cognate::gateway {

// Apart from all other requests: whoever has a link needs no key, and readers who stand still must keep
// nobody else waiting. Thread safe.
class Downloads {
 public:
  static constexpr int kMost = 512;
  static constexpr int kMostOfAddress = 128;  // A page has as many pictures, and an address several readers.
  static constexpr int kMostOfLink = 256;
  // Pieces grow for who takes them at once, as long as half of the share is free.
  static constexpr size_t kShareBytes = 64 << 20;
  static constexpr int64_t kSmallestPiece = 64 << 10;
  static constexpr int64_t kFirstPiece = 512 << 10;  // All of most pictures.
  static constexpr int64_t kLargestPiece = 4 << 20;

  Downloads() : memory_(std::make_shared<http::Memory>(kShareBytes)) {}

  // A reader, until this is destroyed, which it does not outlive.
  class Seat {
   public:
    Seat(Downloads& downloads, std::string address, std::string link)
        : downloads_(downloads), address_(std::move(address)), link_(std::move(link)) {}
    ~Seat() {
      Expect(0);
      downloads_.Leave(address_, link_);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    // A piece of so many bytes is on its way here; 0: it has come, and counts where it is sent from.
    void Expect(int64_t bytes) {
      downloads_.memory_->Give(expected_);
      expected_ = static_cast<size_t>(bytes);
      downloads_.memory_->TakeAnyway(expected_);
    }

   private:
    Downloads& downloads_;
    const std::string address_;
    const std::string link_;
    size_t expected_ = 0;
  };
  // RESOURCE_EXHAUSTED TOO_MANY_DOWNLOADS. `link`: the content that a link leads to; empty with a key.
  absl::StatusOr<std::unique_ptr<Seat>> Enter(const std::string& address, const std::string& link);

  // Where pieces are counted until they are sent.
  const std::shared_ptr<http::Memory>& memory() const { return memory_; }
  // How large the next piece is, after one of `last` bytes (0: there was none) that the reader took in so
  // long.
  int64_t NextPiece(int64_t last, absl::Duration taken_in) const;
  // So long a reader may take for a piece.
  static absl::Duration PatienceFor(int64_t piece_bytes);

 private:
  void Leave(const std::string& address, const std::string& link);

  const std::shared_ptr<http::Memory> memory_;
  Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int> of_address_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> of_link_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::gateway
