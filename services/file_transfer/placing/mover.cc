#include "services/file_transfer/placing/mover.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(500);
// Longer than one file may take; it is renewed by nothing, and what comes twice does no harm.
constexpr absl::Duration kLease = absl::Hours(2);
constexpr absl::Duration kLongestPause = absl::Minutes(5);
constexpr int64_t kProgressBytes = 16 << 20;

absl::Time NextAttempt(absl::Time now, int attempts) {
  const absl::Duration pause = absl::Seconds(1) * std::pow(2.0, std::clamp(attempts - 1, 0, 12));
  return now + std::min(pause, kLongestPause);
}

absl::Status Stopped() { return absl::CancelledError("the process stops"); }

}  // namespace

void Mover::RunReads(StopToken& stop) {
  while (!stop.stopping()) {
    const absl::StatusOr<bool> any = ReadNext(stop);
    if (!any.ok()) log::Warn("files not read", {{"status", any.status()}});
    if (!any.ok() || !*any) stop.WaitFor(kPoll);
  }
}

void Mover::RunPlacements(StopToken& stop) {
  while (!stop.stopping()) {
    const absl::StatusOr<bool> any = PlaceNext(stop);
    if (!any.ok()) log::Warn("files not placed", {{"status", any.status()}});
    if (!any.ok() || !*any) stop.WaitFor(kPoll);
  }
}

absl::StatusOr<bool> Mover::ReadNext(StopToken& stop) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const std::vector<ReadRow> reads, store_.TakeReads(now, now + kLease, 1));
  for (const ReadRow& read : reads) {
    const absl::Status status = Read(read, stop);
    if (status.ok()) continue;
    if (!absl::IsCancelled(status))
      log::Warn("file not read", {{"platform", read.platform}, {"path", read.path}, {"status", status}});
    RETURN_IF_ERROR(store_.RetryRead(
        read, NextAttempt(clock_.Now(), absl::IsCancelled(status) ? 0 : read.attempt_count)));
  }
  return !reads.empty();
}

absl::Status Mover::Read(const ReadRow& read, StopToken& stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformFiles> files, platforms_.Get(read.platform));
  if (files->place == nullptr)
    return files->has_place ? files->why : store_.EndRead(read, std::nullopt, clock_.Now());
  const absl::StatusOr<OpenedFile> opened = files->place->OpenFile(read.path);
  // Whoever waits for it is told by the next Bind what is wrong with it now.
  if (absl::IsNotFound(opened.status()) || absl::IsPermissionDenied(opened.status()))
    return store_.EndRead(read, std::nullopt, clock_.Now());
  RETURN_IF_ERROR(opened.status());
  FileReader reader(opened->fd.get());
  ASSIGN_OR_RETURN(const v1::File file, contents_.Put([&]() -> absl::StatusOr<absl::string_view> {
    if (stop.stopping()) return Stopped();
    return reader.Next();
  }));
  const absl::StatusOr<FileStand> after = files->place->Stat(read.path);
  if (!after.ok() || *after != opened->stand || file.size_bytes() != opened->stand.size_bytes)
    return absl::UnavailableError("it was written while it was read; it is read again");
  return store_.EndRead(read, SeenFile{read.platform, read.path, *after, file.sha256()}, clock_.Now());
}

absl::StatusOr<bool> Mover::PlaceNext(StopToken& stop) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(std::vector<PlacementRow> due, store_.TakePlacements(now, now + kLease, 1));
  for (PlacementRow& row : due) {
    const absl::StatusOr<SeenFile> placed = Place(row, stop);
    if (placed.ok()) {
      row.state = v1::PLACEMENT_STATE_PLACED;
      row.placed_bytes = row.size_bytes;
      row.reason.clear();
      row.message.clear();
      RETURN_IF_ERROR(store_.PutEnded({row}, {*placed}, clock_.Now()));
      teller_.Ended(row);
      continue;
    }
    const bool is_refused = absl::IsPermissionDenied(placed.status());
    row.reason = ErrorReason(placed.status());
    if (row.reason.empty())
      row.reason = absl::IsResourceExhausted(placed.status()) ? "TARGET_FULL" : "FILE_NOT_PLACED";
    row.message = std::string(placed.status().message());
    if (is_refused) {
      row.state = v1::PLACEMENT_STATE_REFUSED;
      row.placed_bytes = 0;
      RETURN_IF_ERROR(store_.PutEnded({row}, {}, clock_.Now()));
      teller_.Ended(row);
      continue;
    }
    const bool is_stopped = absl::IsCancelled(placed.status());
    row.next_attempt = NextAttempt(clock_.Now(), is_stopped ? 0 : row.attempt_count);
    RETURN_IF_ERROR(store_.PutFailed(row));
    if (is_stopped) break;
    teller_.Failed();
    log::Warn("file not placed",
              {{"platform", row.platform}, {"path", row.path}, {"status", placed.status()}});
  }
  return !due.empty();
}

absl::StatusOr<SeenFile> Mover::Place(const PlacementRow& placement, StopToken& stop) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformFiles> files, platforms_.Get(placement.platform));
  if (files->place == nullptr)
    return files->has_place
               ? files->why
               : absl::UnavailableError("the platform has no files place any more; its agent is to fetch it");
  int64_t written = 0;
  int64_t told = 0;
  const auto progress = [&] {
    if (written - told < kProgressBytes) return;
    told = written;
    teller_.Moved(placement, written);
    const absl::Status status = store_.SetProgress(placement, written);
    if (!status.ok()) log::Warn("progress not kept", {{"status", status}});
  };
  // All of it in one go: then the store has compared it with its hash.
  const auto fill = [&](Place::Sink sink) -> absl::Status {
    absl::Status status;
    RETURN_IF_ERROR(contents_.Read(placement.sha256, 0, -1, [&](absl::string_view piece) {
      status = stop.stopping() ? Stopped() : sink(piece);
      written += static_cast<int64_t>(piece.size());
      progress();
      return status.ok();
    }));
    return status;
  };
  ASSIGN_OR_RETURN(Place::Draft draft, files->place->Write(fill, /*sync=*/true));
  ASSIGN_OR_RETURN(const FileStand stand, files->place->Publish(std::move(draft), placement.path));
  RETURN_IF_ERROR(files->place->SyncDirectories({placement.path.substr(0, placement.path.rfind('/'))}));
  return SeenFile{placement.platform, placement.path, stand, placement.sha256};
}

}  // namespace cognate::file_transfer
