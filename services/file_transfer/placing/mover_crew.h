// One thread for each platform that has something to be moved. Internal to the mover.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/worker/stop_token.h"
#include "common/worker/worker.h"
#include "services/file_transfer/placing/place_workers.h"

namespace cognate::file_transfer {

// Of a process that is no more nothing is kept from the others for longer.
inline constexpr absl::Duration kLease = absl::Seconds(30);
inline constexpr absl::Duration kCrewPoll = absl::Milliseconds(500);
inline constexpr absl::Duration kRenewEvery = absl::Seconds(8);
inline constexpr size_t kMoving = 4;
inline constexpr size_t kThreads = 64;

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
    stop.WaitFor(kCrewPoll);
  }
  crew.RequestStop();
}

}  // namespace cognate::file_transfer
