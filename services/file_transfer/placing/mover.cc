#include "services/file_transfer/placing/mover.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::file_transfer {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(500);
// Of a process that is no more nothing is kept from the others for longer.
constexpr absl::Duration kLease = absl::Seconds(30);
constexpr absl::Duration kRenewEvery = absl::Seconds(8);
constexpr size_t kMoving = 4;
constexpr size_t kThreads = 64;
constexpr absl::Duration kLongestPause = absl::Minutes(5);
constexpr int64_t kProgressBytes = 16 << 20;

absl::Time NextAttempt(absl::Time now, int attempts) {
  const absl::Duration pause = absl::Seconds(1) * std::pow(2.0, std::clamp(attempts - 1, 0, 12));
  return now + std::min(pause, kLongestPause);
}

absl::Status Stopped() { return absl::CancelledError("the process stops"); }

// One thread for each platform that has something to be moved.
template <typename Row>
class Crew {
 public:
  using Move = std::function<absl::Status(const Row&, StopToken&, Beat&)>;
  Crew(const char* name, const Clock& clock, StopToken& stop, Move move)
      : name_(name), clock_(clock), stop_(stop), move_(std::move(move)) {}

  // Rows of platforms that have none here.
  void Start(Row row) {
    const std::string platform = row.platform;
    auto& mate = mates_[platform];
    mate = std::make_unique<Mate>(clock_, std::move(row));
    mate->thread = std::make_unique<Worker>(name_, [this, mate = mate.get()](StopToken& stop) {
      const absl::Status status = move_(mate->row, stop, mate->beat);
      if (!status.ok())
        log::Warn("a file was not moved", {{"platform", mate->row.platform}, {"status", status}});
      mate->is_done = true;
      stop_.Wake();
    });
  }
  void DropFinished() {
    std::erase_if(mates_, [](const auto& mate) { return mate.second->is_done.load(); });
  }
  // How many more may begin.
  int Room() const {
    const absl::Time now = clock_.Now();
    size_t moving = 0;
    for (const auto& [platform, mate] : mates_)
      moving += now - mate->beat.last() <= PlaceWorkers::kHangs ? 1 : 0;
    return moving < kMoving && mates_.size() < kThreads ? static_cast<int>(kMoving - moving) : 0;
  }
  std::vector<std::string> Platforms() const {
    std::vector<std::string> platforms;
    for (const auto& [platform, mate] : mates_) platforms.push_back(platform);
    return platforms;
  }
  std::vector<Row> Rows() const {
    std::vector<Row> rows;
    for (const auto& [platform, mate] : mates_) rows.push_back(mate->row);
    return rows;
  }
  void RequestStop() {
    for (const auto& [platform, mate] : mates_) mate->thread->RequestStop();
  }

 private:
  struct Mate {
    Mate(const Clock& clock, Row of) : row(std::move(of)), beat(clock) {}
    const Row row;
    Beat beat;
    std::atomic<bool> is_done = false;
    std::unique_ptr<Worker> thread;
  };

  const char* const name_;
  const Clock& clock_;
  StopToken& stop_;
  const Move move_;
  std::map<std::string, std::unique_ptr<Mate>> mates_;  // by platform
};

template <typename Row, typename Store>
absl::Status KeepMoving(Crew<Row>& crew, Store& store, const Clock& clock, absl::Time* renewed) {
  crew.DropFinished();
  const absl::Time now = clock.Now();
  if (now - *renewed > kRenewEvery) {
    *renewed = now;
    RETURN_IF_ERROR(store.Renew(crew.Rows(), now + kLease));
  }
  const int room = crew.Room();
  if (room == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Row> rows, store.Take(now, now + kLease, room, crew.Platforms()));
  for (Row& row : rows) crew.Start(std::move(row));
  return absl::OkStatus();
}

template <typename Row, typename Store>
void RunCrew(const char* name, Store& store, const Clock& clock, StopToken& stop,
             typename Crew<Row>::Move move) {
  Crew<Row> crew(name, clock, stop, std::move(move));
  absl::Time renewed = clock.Now();
  while (!stop.stopping()) {
    const absl::Status status = KeepMoving(crew, store, clock, &renewed);
    if (!status.ok()) log::Warn("files not moved", {{"status", status}});
    stop.WaitFor(kPoll);
  }
  crew.RequestStop();
}

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
  ASSIGN_OR_RETURN(const v1::File file, contents_.Put([&]() -> absl::StatusOr<absl::string_view> {
    beat.Tick();
    if (stop.stopping()) return Stopped();
    return reader.Next();
  }));
  const absl::StatusOr<FileStand> after = files->place->Stat(read.path);
  if (!after.ok() || *after != opened->stand)
    return absl::UnavailableError("it was written while it was read; it is read again");
  RETURN_IF_ERROR(possession_.Add(read.platform, {file.sha256()}));
  return stores_.reads.End(read, SeenFile{read.platform, read.path, *after, file.sha256()}, clock_.Now());
}

absl::Status Mover::PlaceOne(PlacementRow row, StopToken& stop, Beat& beat) {
  const absl::StatusOr<SeenFile> placed = Place(row, stop, beat);
  if (placed.ok()) {
    row.state = v1::PLACEMENT_STATE_PLACED;
    row.placed_bytes = row.size_bytes;
    row.reason.clear();
    row.message.clear();
    RETURN_IF_ERROR(End({{row}, {*placed}, {}}));
    teller_.Ended(row);
    return absl::OkStatus();
  }
  row.reason = ErrorReason(placed.status());
  if (row.reason.empty())
    row.reason = absl::IsResourceExhausted(placed.status()) ? "TARGET_FULL" : "FILE_NOT_PLACED";
  row.message = std::string(placed.status().message());
  if (absl::IsPermissionDenied(placed.status())) {
    row.state = v1::PLACEMENT_STATE_REFUSED;
    row.placed_bytes = 0;
    RETURN_IF_ERROR(End({{row}, {}, {}}));
    teller_.Ended(row);
    return absl::OkStatus();
  }
  const bool is_stopped = absl::IsCancelled(placed.status());
  row.next_attempt = NextAttempt(clock_.Now(), is_stopped ? 0 : row.attempt_count);
  RETURN_IF_ERROR(stores_.placements.PutFailed(row));
  if (is_stopped) return absl::OkStatus();
  teller_.Failed();
  return placed.status();
}

absl::Status Mover::End(const PlacementStore::Outcome& outcome) {
  return stores_.placements.PutEnded(
      outcome, clock_.Now(), [&](postgres::Transaction& transaction) -> absl::Status {
        for (const PlacementRow& row : outcome.ended) {
          if (row.state != v1::PLACEMENT_STATE_PLACED) continue;
          RETURN_IF_ERROR(Possession::AddIn(transaction, row.platform, {row.sha256}));
        }
        return absl::OkStatus();
      });
}

absl::StatusOr<SeenFile> Mover::Place(const PlacementRow& placement, StopToken& stop, Beat& beat) {
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
  // All of it in one go: then the store has compared it with its hash.
  const auto fill = [&](Place::Sink sink) -> absl::Status {
    absl::Status status;
    RETURN_IF_ERROR(contents_.Read(placement.sha256, 0, -1, [&](absl::string_view piece) {
      beat.Tick();
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
