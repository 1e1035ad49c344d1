#include "services/change_capture/assignment_moves.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/model_lookup.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kSelectCursor{"select_assignment_cursor",
                                        "SELECT revision FROM assignment_cursor WHERE only_row"};

const postgres::Statement kMoveCursor{"move_assignment_cursor", R"sql(
    UPDATE assignment_cursor SET revision = $2 WHERE only_row AND revision = $1
)sql"};

absl::Status MoveCursor(postgres::Transaction& transaction, int64_t from, int64_t to) {
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   transaction.Query(kMoveCursor, postgres::Params().AddInt64(from).AddInt64(to)));
  return rows.affected() == 1 ? absl::OkStatus() : AssignmentsMovedOn();
}

// The version whose content the state has: a renewed one, and one that a delivery wrote, has that of an
// older.
int64_t ContentVersion(const LoggedState& state) {
  return state.origin.has_value() ? state.origin->version : state.version;
}

// Greater is the one that counts.
auto Rank(const MovingState& moving) {
  return std::make_tuple(ContentVersion(*moving.state), moving.move->is_home(), moving.state->version);
}

}  // namespace

std::vector<const LoggedState*> NewestOfEach(const std::vector<MovingState>& moving) {
  absl::flat_hash_map<std::pair<absl::string_view, int32_t>, const MovingState*> newest;
  for (const MovingState& one : moving) {
    if (one.state->operation == v1::OPERATION_DELETE) continue;
    for (const int32_t target : one.move->targets()) {
      const MovingState*& known = newest[{one.move->entity_id(), target}];
      if (known == nullptr || Rank(*known) < Rank(one)) known = &one;
    }
  }
  absl::flat_hash_set<const LoggedState*> chosen;
  for (const auto& [key, one] : newest) chosen.insert(one->state);
  std::vector<const LoggedState*> states(chosen.begin(), chosen.end());
  std::sort(states.begin(), states.end(), [](const LoggedState* a, const LoggedState* b) {
    return std::make_pair(ContentVersion(*a), a->version) < std::make_pair(ContentVersion(*b), b->version);
  });
  return states;
}

void AssignmentMoves::Start() {
  worker_ = std::make_unique<Worker>("assignments", [this](StopToken& stop) { Run(stop); });
}

void AssignmentMoves::Run(StopToken& stop) {
  bool again = false;
  while (!stop.WaitFor(again ? absl::ZeroDuration() : options_.poll_interval)) {
    if (!again && !IsDue()) continue;
    asked_ = clock_.Now();
    const absl::StatusOr<bool> more = Step();
    again = more.ok() && *more;
    // Another process that was first, and a registry that is away, are nothing to be told.
    if (more.ok() || absl::IsAborted(more.status()) || absl::IsUnavailable(more.status())) continue;
    log::Warn("changes of assignments stand still", {{"status", more.status()}});
  }
}

// The cursor goes on while no sync looks, so that the first one that does finds nothing old before it.
bool AssignmentMoves::IsDue() const {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  const bool any_looks =
      std::any_of(rules->syncs().begin(), rules->syncs().end(),
                  [](const v1::CompiledSync& sync) { return !sync.assignment_platforms().empty(); });
  return any_looks || clock_.Now() - asked_ >= options_.idle_interval;
}

absl::StatusOr<bool> AssignmentMoves::Step() {
  ASSIGN_OR_RETURN(const int64_t cursor, ReadCursor());
  ASSIGN_OR_RETURN(const v1::ListAssignmentMovesResponse page,
                   registry_.ListAssignmentMoves(cursor, options_.page_size));
  if (page.last_revision() == cursor) return false;
  ASSIGN_OR_RETURN(std::vector<LoggedState> states, StatesOf(page));
  if (!states.empty() && (!feeder_.Direct() || feeder_.entry_count() >= options_.max_stream_entries))
    return false;
  const bool renews = !states.empty();
  RETURN_IF_ERROR(
      replays_.Write(std::move(states), {"", false, renews}, [&](postgres::Transaction& transaction) {
        return MoveCursor(transaction, cursor, page.last_revision());
      }));
  return page.has_more();
}

absl::StatusOr<int64_t> AssignmentMoves::ReadCursor() {
  int64_t cursor = 0;
  RETURN_IF_ERROR(pool_.Run("assignment_cursor", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectCursor));
    cursor = rows.GetInt64(0, 0);
    return absl::OkStatus();
  }));
  return cursor;
}

// Records that were never captured are left out: they are judged when they come.
absl::StatusOr<std::vector<LoggedState>> AssignmentMoves::StatesOf(
    const v1::ListAssignmentMovesResponse& page) {
  ModelLookup models(log_);
  using Record = std::pair<const LoggedModel*, absl::string_view>;
  absl::flat_hash_map<Record, const v1::AssignmentMove*> moves;
  std::vector<StateKey> keys;
  for (const v1::AssignmentMove& move : page.moves()) {
    ASSIGN_OR_RETURN(const LoggedModel* const model, models.Find(move.record()));
    if (model == nullptr) continue;
    if (moves.emplace(Record(model, move.record().local_id()), &move).second)
      keys.push_back({model, move.record().local_id()});
  }
  ASSIGN_OR_RETURN(std::vector<LoggedState> latest, log_.LatestStates(keys));
  std::vector<MovingState> moving;
  for (const LoggedState& state : latest)
    moving.push_back({moves.at(Record(state.model, state.local_id)), &state});
  std::vector<LoggedState> chosen;
  for (const LoggedState* const state : NewestOfEach(moving)) chosen.push_back(*state);
  return chosen;
}

}  // namespace cognate::change_capture
