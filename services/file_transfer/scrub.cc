#include "services/file_transfer/scrub.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr int kPage = 200;
constexpr absl::Duration kTellEvery = absl::Milliseconds(500);

class ScrubCall {
 public:
  ScrubCall(Parts& parts, bool repair, const grpc_support::Rpc& rpc,
            grpc_support::Sink<v1::ScrubResponse>& sink)
      : parts_(parts), repair_(repair), rpc_(rpc), sink_(sink) {}

  absl::Status Run() {
    ASSIGN_OR_RETURN(const FileStore::Totals totals, parts_.files.Count());
    response_.set_total_bytes(totals.bytes);
    for (int64_t after = 0;;) {
      ASSIGN_OR_RETURN(const std::vector<StoredFile> files, parts_.files.Next(after, kPage));
      if (files.empty()) break;
      for (const StoredFile& file : files) {
        RETURN_IF_ERROR(Look(file));
        if (!Tell()) return absl::CancelledError("nobody listens any more");
      }
      after = files.back().file_id;
    }
    told_ = absl::InfinitePast();
    return Tell() ? absl::OkStatus() : absl::CancelledError("nobody listens any more");
  }

 private:
  absl::Status Look(StoredFile file) {
    const bool was_damaged = file.is_damaged;
    // What was marked once may be whole again: another disk's trouble, or one that has passed.
    file.is_damaged = false;
    const absl::Status found =
        parts_.contents.Verify(file, [this] { return rpc_.cancelled() || rpc_.draining(); });
    response_.set_file_count(response_.file_count() + 1);
    response_.set_read_bytes(response_.read_bytes() + file.size_bytes);
    if (found.ok()) return was_damaged ? parts_.files.MarkWhole(file.file_id) : absl::OkStatus();
    // Collected meanwhile.
    if (absl::IsNotFound(found)) return absl::OkStatus();
    if (!absl::IsDataLoss(found)) return found;
    response_.set_damaged_count(response_.damaged_count() + 1);
    parts_.metrics.damaged.Increment();
    v1::DamagedFile& damaged = *response_.add_damaged();
    damaged.set_sha256(file.sha256);
    damaged.set_sentence(std::string(found.message()));
    if (repair_) Repair(&damaged);
    return absl::OkStatus();
  }

  void Repair(v1::DamagedFile* damaged) {
    if (parts_.copies == nullptr) {
      absl::StrAppend(damaged->mutable_sentence(),
                      "; not repaired: no platform's files can be reached from here");
      return;
    }
    const absl::StatusOr<std::string> from = parts_.copies->Restore(damaged->sha256());
    if (!from.ok()) {
      absl::StrAppend(damaged->mutable_sentence(), "; not repaired: ", from.status().message());
      return;
    }
    damaged->set_repaired(true);
    absl::StrAppend(damaged->mutable_sentence(), "; repaired from ", *from);
    response_.set_repaired_count(response_.repaired_count() + 1);
  }

  // False where the caller has gone.
  bool Tell() {
    if (rpc_.cancelled() || rpc_.draining()) return false;
    const absl::Time now = parts_.clock.Now();
    if (now - told_ < kTellEvery && response_.damaged_size() < kPage) return true;
    told_ = now;
    const bool is_heard = sink_.Write(response_);
    response_.clear_damaged();
    return is_heard;
  }

  Parts& parts_;
  const bool repair_;
  const grpc_support::Rpc& rpc_;
  grpc_support::Sink<v1::ScrubResponse>& sink_;
  absl::Time told_ = absl::InfinitePast();
  v1::ScrubResponse response_;
};

}  // namespace

absl::Status Scrub(Parts& parts, const v1::ScrubRequest& request, const grpc_support::Rpc& rpc,
                   grpc_support::Sink<v1::ScrubResponse>& sink) {
  return ScrubCall(parts, request.repair(), rpc, sink).Run();
}

}  // namespace cognate::file_transfer
