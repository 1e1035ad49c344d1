#include "services/change_capture/postgres_source/replication_stream_fill.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

using Key = std::pair<const LoggedModel*, std::string>;
// Serialized fields of the latest state.
using States = absl::flat_hash_map<Key, std::string>;

Key StateKeyOf(const PendingChange& pending) { return {pending.change.model, pending.state_local_id()}; }

absl::StatusOr<States> ReadStates(ChangeLog& log, const std::vector<PendingChange>& changes) {
  absl::flat_hash_set<Key> in_hand;
  absl::flat_hash_set<Key> asked;
  std::vector<StateKey> keys;
  for (const PendingChange& pending : changes) {
    Key key = StateKeyOf(pending);
    if (pending.incomplete() && !in_hand.contains(key) && asked.insert(key).second) {
      keys.push_back({key.first, key.second});
    }
    in_hand.insert({pending.change.model, pending.change.local_id});
  }
  States states;
  if (keys.empty()) return states;
  ASSIGN_OR_RETURN(std::vector<LoggedState> logged, log.LatestStates(keys));
  for (LoggedState& state : logged) states[{state.model, state.local_id}] = std::move(state.fields);
  return states;
}

// Moves the wanted fields over; gives back the names that `from` does not have.
std::vector<std::string> MoveFields(v1::Fields from, const std::vector<std::string>& names, v1::Fields* to) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    const auto field = std::find_if(from.mutable_fields()->begin(), from.mutable_fields()->end(),
                                    [&](const v1::Field& candidate) { return candidate.name() == name; });
    if (field == from.mutable_fields()->end()) {
      missing.push_back(name);
    } else {
      to->add_fields()->Swap(&*field);
    }
  }
  return missing;
}

absl::Status FillUnchanged(const States& states, const ReadSourceRow& read_source_row,
                           PendingChange* pending) {
  v1::Fields fields;
  v1::Fields state;
  const auto known = states.find(StateKeyOf(*pending));
  if (!fields.ParseFromString(pending->change.fields) ||
      (known != states.end() && !state.ParseFromString(known->second))) {
    return Error(absl::StatusCode::kDataLoss, "LOGGED_FIELDS_MALFORMED",
                 "fields in the change log cannot be read");
  }
  std::vector<std::string> missing = MoveFields(std::move(state), pending->unchanged, &fields);
  if (!missing.empty()) {
    ASSIGN_OR_RETURN(v1::Fields now, read_source_row(*pending, missing));
    MoveFields(std::move(now), missing, &fields);
  }
  pending->unchanged.clear();
  fields.SerializeToString(&pending->change.fields);
  return absl::OkStatus();
}

}  // namespace

bool NeedsFilling(const std::vector<PendingChange>& changes) {
  return std::any_of(changes.begin(), changes.end(),
                     [](const PendingChange& pending) { return pending.incomplete(); });
}

absl::Status FillFromLog(ChangeLog& log, const ReadSourceRow& read_source_row,
                         std::vector<PendingChange>* changes) {
  ASSIGN_OR_RETURN(States states, ReadStates(log, *changes));
  for (PendingChange& pending : *changes) {
    if (pending.wants_last_state) {
      const auto known = states.find(StateKeyOf(pending));
      if (known != states.end()) pending.change.fields = known->second;
      pending.wants_last_state = false;
    } else if (!pending.unchanged.empty()) {
      RETURN_IF_ERROR(FillUnchanged(states, read_source_row, &pending));
    }
    // A record that nobody asks for again costs a copy; groups that need filling are rare.
    states[{pending.change.model, pending.change.local_id}] = pending.change.fields;
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
