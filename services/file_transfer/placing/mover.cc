#include "services/file_transfer/placing/mover.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/files/digest.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/placing/bind.h"
#include "services/file_transfer/placing/mover_crew.h"
#include "services/file_transfer/placing/place_jobs.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(5);
constexpr int64_t kProgressBytes = 16 << 20;
constexpr size_t kReadAgainBytes = 256 << 10;
// Small files of one platform that are written and synced together: well within the lease.
constexpr int kMostTogether = 255;
constexpr absl::Duration kTogether = absl::Seconds(15);
// So long their contents are read before that; what a slow store has not given by then goes with the next.
constexpr absl::Duration kReadTogether = absl::Seconds(5);

absl::Time NextAttempt(absl::Time now, int attempts) {
  const absl::Duration pause = absl::Seconds(1) * std::pow(2.0, std::clamp(attempts - 1, 0, 12));
  return now + std::min(pause, kLongestPause);
}

PlacementRow InPlace(PlacementRow row) {
  row.state = v1::PLACEMENT_STATE_PLACED;
  row.placed_bytes = row.size_bytes;
  row.reason.clear();
  row.message.clear();
  return row;
}

// Another one for another path: they may be on their way together.
std::string DraftName(const PlacementRow& placement) {
  return absl::StrCat(absl::BytesToHexString(placement.sha256), "-",
                      absl::BytesToHexString(files::Sha256(placement.path)).substr(0, 16));
}

absl::Status Stopped() { return absl::CancelledError("the process stops"); }

}  // namespace

void Mover::RunReads(StopToken& stop) {
  RunCrew<ReadRow>(
      "file-read", stores_.reads, clock_, stop,
      [this](const ReadRow& row, StopToken& own, Beat& beat) { return ReadOne(row, own, beat); });
}

void Mover::RunPlacements(StopToken& stop) {
  RunCrew<PlacementRow>(
      "file-placer", stores_.placements, clock_, stop,
      [this](const PlacementRow& row, StopToken& own, Beat& beat) { return PlaceOne(row, own, beat); });
}

absl::Status Mover::ReadOne(const ReadRow& read, StopToken& stop, Beat& beat) {
  const absl::Status status = Read(read, stop, beat);
  if (status.ok()) return status;
  const bool is_stopped = absl::IsCancelled(status);
  if (!is_stopped)
    log::Warn("file not read", {{"platform", read.platform}, {"path", read.path}, {"status", status}});
  return stores_.reads.Retry(read, NextAttempt(clock_.Now(), is_stopped ? 0 : read.attempt_count));
}

absl::Status Mover::Read(const ReadRow& read, StopToken& stop, Beat& beat) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformFiles> files, platforms_.Get(read.platform));
  if (files->place == nullptr)
    return files->has_place ? files->why : stores_.reads.End(read, std::nullopt, clock_.Now());
  const absl::StatusOr<OpenedFile> opened = files->place->OpenFile(read.path);
  // Whoever waits for it is told by the next Bind what is wrong with it now.
  if (absl::IsNotFound(opened.status()) || absl::IsPermissionDenied(opened.status()))
    return stores_.reads.End(read, std::nullopt, clock_.Now());
  RETURN_IF_ERROR(opened.status());
  // It has grown since: the next Bind refuses it.
  if (opened->stand.size_bytes > max_bytes_) return stores_.reads.End(read, std::nullopt, clock_.Now());
  PlaceReader reader(*opened);
  const auto next = [&]() -> absl::StatusOr<absl::string_view> {
    beat.Tick();
    if (stop.stopping()) return Stopped();
    return reader.Next();
  };
  const bool is_large = opened->stand.size_bytes > kSmallFile;
  ASSIGN_OR_RETURN(const v1::File file,
                   is_large ? large_reads_.Store(read.platform, read.path, opened->stand, reader, next)
                            : contents_.Put(next));
  const absl::StatusOr<FileStand> after = files->place->Stat(read.path);
  if (!after.ok() || *after != opened->stand)
    return absl::UnavailableError("it was written while it was read; it is read again");
  RETURN_IF_ERROR(possession_.Add(read.platform, {file.sha256()}));
  return stores_.reads.End(read, SeenFile{read.platform, read.path, *after, file.sha256()}, clock_.Now());
}

absl::Status Mover::PlaceOne(PlacementRow row, StopToken& stop, Beat& beat) {
  if (row.size_bytes <= kSmallFile) {
    const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = platforms_.Get(row.platform);
    if (files.ok() && (*files)->place != nullptr) return PlaceSmall(row, **files, beat);
  }
  const absl::StatusOr<SeenFile> placed = PutInPlace(row, stop, beat);
  if (!placed.ok()) return Failed(std::move(row), placed.status());
  row = InPlace(std::move(row));
  RETURN_IF_ERROR(End({{row}, {*placed}, {}}));
  teller_.Ended(row);
  return absl::OkStatus();
}

absl::Status Mover::Failed(PlacementRow row, const absl::Status& why) {
  row.reason = ErrorReason(why);
  if (row.reason.empty()) row.reason = absl::IsResourceExhausted(why) ? "TARGET_FULL" : "FILE_NOT_PLACED";
  row.message = std::string(why.message());
  if (absl::IsPermissionDenied(why)) {
    row.state = v1::PLACEMENT_STATE_REFUSED;
    row.placed_bytes = 0;
    RETURN_IF_ERROR(End({{row}, {}, {}}));
    teller_.Ended(row);
    return absl::OkStatus();
  }
  const bool is_stopped = absl::IsCancelled(why);
  row.next_attempt = NextAttempt(clock_.Now(), is_stopped ? 0 : row.attempt_count);
  RETURN_IF_ERROR(stores_.placements.PutFailed(row));
  if (is_stopped) return absl::OkStatus();
  teller_.Failed();
  return why;
}

absl::StatusOr<std::vector<Mover::Small>> Mover::ReadSmall(std::vector<PlacementRow> rows, Beat& beat,
                                                           absl::Status* last) {
  const absl::Time until = clock_.Now() + kReadTogether;
  std::vector<Small> read;
  std::vector<PlacementRow> taken;
  size_t next = 0;
  while (next < rows.size() && (next == 0 || clock_.Now() < until)) {
    beat.Tick();
    PlacementRow& row = rows[next++];
    std::string data;
    const absl::Status status = contents_.Read(row.sha256, 0, -1, [&](absl::string_view piece) {
      data.append(piece.data(), piece.size());
      return true;
    });
    if (!status.ok()) {
      *last = Failed(std::move(row), status);
      continue;
    }
    taken.push_back(row);
    read.push_back({std::move(row), std::make_shared<const std::string>(std::move(data))});
  }
  const std::vector<PlacementRow> unread(rows.begin() + static_cast<std::ptrdiff_t>(next), rows.end());
  RETURN_IF_ERROR(stores_.placements.GiveBack(unread, clock_.Now()));
  // Their lease has to last until they are written.
  if (clock_.Now() >= until) RETURN_IF_ERROR(stores_.placements.Renew(taken, clock_.Now() + kLease));
  std::sort(read.begin(), read.end(), [](const Small& a, const Small& b) { return a.row.path < b.row.path; });
  return read;
}

absl::Status Mover::PlaceSmall(const PlacementRow& row, const PlatformFiles& files, Beat& beat) {
  const std::shared_ptr<ByteShares::Share> share =
      shares_.Take(row.platform, kSmallFile, clock_.Now() + kTogether);
  if (share == nullptr)
    return Failed(row, absl::UnavailableError("there was no memory for it; it is on its way"));
  ASSIGN_OR_RETURN(std::vector<PlacementRow> rows,
                   stores_.placements.TakeSmall(row.platform, clock_.Now(), clock_.Now() + kLease, kSmallFile,
                                                kSmallFile - row.size_bytes, kMostTogether));
  // The first of them is read in any case, and this one's lease is kept by the crew.
  rows.insert(rows.begin(), row);
  absl::Status last;
  ASSIGN_OR_RETURN(std::vector<Small> read, ReadSmall(std::move(rows), beat, &last));
  std::vector<PlaceJobs::Copy> copies;
  for (const Small& one : read) copies.push_back({one.row.path, one.data});
  // From here on: neither the wait for memory nor the reading is time that the directory has had.
  const std::vector<absl::StatusOr<FileStand>> written =
      PlaceJobs{workers_, files, clock_.Now() + kTogether}.Write(std::move(copies), share);
  PlacementStore::Outcome outcome;
  for (size_t i = 0; i < written.size(); ++i) {
    if (!written[i].ok()) {
      last = Failed(std::move(read[i].row), written[i].status());
      continue;
    }
    const PlacementRow& one = read[i].row;
    outcome.seen.push_back({one.platform, one.path, *written[i], one.sha256});
    outcome.ended.push_back(InPlace(one));
  }
  if (!outcome.ended.empty()) RETURN_IF_ERROR(End(outcome));
  for (const PlacementRow& one : outcome.ended) teller_.Ended(one);
  return last;
}

absl::Status Mover::Fill(const PlacementRow& placement, Place::Draft& draft,
                         absl::FunctionRef<absl::Status(int64_t bytes)> moved) {
  if (draft.size_bytes() > placement.size_bytes)
    return absl::DataLossError("what was left of it is longer than it; it begins again");
  files::Digest digest;
  for (int64_t at = 0; at < draft.size_bytes(); at = digest.size()) {
    ASSIGN_OR_RETURN(const std::string bytes, draft.ReadAt(at, kReadAgainBytes));
    if (bytes.empty()) return absl::DataLossError("what was left of it became shorter; it begins again");
    digest.Add(bytes);
    RETURN_IF_ERROR(moved(digest.size()));
  }
  absl::Status status;
  // Of what goes on the store compares nothing with the hash, so that it is done here.
  RETURN_IF_ERROR(contents_.Read(placement.sha256, draft.size_bytes(), -1, [&](absl::string_view piece) {
    digest.Add(piece);
    status = draft.Append(piece);
    if (status.ok()) status = moved(draft.size_bytes());
    return status.ok();
  }));
  RETURN_IF_ERROR(status);
  if (digest.Finish() != placement.sha256)
    return absl::DataLossError("what was left of it was not what it should be; it begins again");
  RETURN_IF_ERROR(draft.Sync());
  ASSIGN_OR_RETURN(const int64_t on_disk, draft.SizeOnDisk());
  return on_disk == draft.size_bytes() ? absl::OkStatus()
                                       : absl::DataLossError("another one wrote to it; it begins again");
}

absl::Status Mover::End(const PlacementStore::Outcome& outcome) {
  return stores_.placements.PutEnded(
      outcome, clock_.Now(), [&](postgres::Transaction& transaction) -> absl::Status {
        std::vector<std::string> given;
        for (const PlacementRow& row : outcome.ended) {
          if (row.state == v1::PLACEMENT_STATE_PLACED) given.push_back(row.sha256);
        }
        if (given.empty()) return absl::OkStatus();
        return Possession::AddIn(transaction, outcome.ended[0].platform, given);
      });
}

absl::StatusOr<SeenFile> Mover::PutInPlace(const PlacementRow& placement, StopToken& stop, Beat& beat) {
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
    const absl::Status status = stores_.placements.SetProgress(placement, written);
    if (!status.ok()) log::Warn("progress not kept", {{"status", status}});
  };
  ASSIGN_OR_RETURN(Place::Draft draft, files->place->Continue(DraftName(placement)));
  const absl::Status filled = Fill(placement, draft, [&](int64_t bytes) -> absl::Status {
    beat.Tick();
    written = bytes;
    progress();
    return stop.stopping() ? Stopped() : absl::OkStatus();
  });
  // What takes room and leads nowhere goes; else it goes on there, also in another process.
  if (absl::IsResourceExhausted(filled) || absl::IsDataLoss(filled) || absl::IsNotFound(filled)) draft.Drop();
  RETURN_IF_ERROR(filled);
  ASSIGN_OR_RETURN(const FileStand stand, files->place->Publish(std::move(draft), placement.path));
  RETURN_IF_ERROR(files->place->SyncDirectories({placement.path.substr(0, placement.path.rfind('/'))}));
  return SeenFile{placement.platform, placement.path, stand, placement.sha256};
}

}  // namespace cognate::file_transfer
