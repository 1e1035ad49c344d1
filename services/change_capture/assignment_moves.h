// Puts records on their way again whose assignments have changed.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/assignment_service.pb.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "common/worker/worker.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/replay_writer.h"
#include "services/change_capture/stream_feeder.h"
#include "services/clients/registry_client.h"

namespace cognate::change_capture {

struct AssignmentMovesOptions {
  // How often the registry is asked while a sync looks at assignments; else once in `idle_interval`.
  absl::Duration poll_interval = absl::Milliseconds(200);
  absl::Duration idle_interval = absl::Seconds(5);
  int page_size = 1000;  // changes of assignments at a time
  // Nothing is added while the stream has as many entries, so that live changes pass it by.
  int64_t max_stream_entries = 32;
};

// One thread. The registry keeps the changes of assignments in one order; how far this is stands in the table
// assignment_cursor, and goes on in the transaction that writes the renewed changes. So every change of
// assignments has its effect, whatever stops in between, and of several processes one brings it.
class AssignmentMoves {
 public:
  AssignmentMoves(postgres::Pool& pool, clients::RegistryClient& registry, ChangeLog& log,
                  ReplayWriter& replays, StreamFeeder& feeder, const Catalogue& catalogue, const Clock& clock,
                  AssignmentMovesOptions options = {})
      : pool_(pool),
        registry_(registry),
        log_(log),
        replays_(replays),
        feeder_(feeder),
        catalogue_(catalogue),
        clock_(clock),
        options_(options) {}

  void Start();
  void Stop() { worker_.reset(); }

 private:
  void Run(StopToken& stop);
  bool IsDue() const;
  // True if there is more to do at once.
  absl::StatusOr<bool> Step();
  absl::StatusOr<int64_t> ReadCursor();
  absl::StatusOr<std::vector<LoggedState>> StatesOf(const v1::ListAssignmentMovesResponse& page);

  postgres::Pool& pool_;
  clients::RegistryClient& registry_;
  ChangeLog& log_;
  ReplayWriter& replays_;
  StreamFeeder& feeder_;
  const Catalogue& catalogue_;
  const Clock& clock_;
  const AssignmentMovesOptions options_;
  absl::Time asked_ = absl::InfinitePast();
  std::unique_ptr<Worker> worker_;
};

// A record's latest state, with what the move says of it.
struct MovingState {
  const v1::AssignmentMove* move = nullptr;
  const LoggedState* state = nullptr;
};
// The states that are to be renewed, those with the newest content last: for each entity and target the one
// with the newest content, and of equal ones that from where the record came into being. Deleted records,
// which have nothing to be judged by, are left out.
std::vector<const LoggedState*> NewestOfEach(const std::vector<MovingState>& moving);

}  // namespace cognate::change_capture
