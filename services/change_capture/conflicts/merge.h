// Three-way merge, field by field: a record's own edits, and deliveries that were written over them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/conflict.pb.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

// Of the fields that syncs write into a model.
using FieldPolicies = absl::flat_hash_map<std::string, v1::ConflictPolicy>;

// The last of a record's own edits that changed a field.
struct OwnEdit {
  v1::Value value;
  v1::Value replaced;
  int64_t version = 0;
  std::optional<absl::Time> time;
};

// What a record must get back: edits of its own, and what stands in their place.
struct OwedEdit {
  OwnEdit edit;
  v1::Value found;
  bool is_new = false;  // not what the record was to get back before
};
using Owed = std::map<std::string, OwedEdit>;  // by field

// The record's next state, in the order of the log.
struct NextState {
  LoggedState state;
  // Of a delivery, the rest. The newest state of this record that the delivered edit is based on, if any.
  std::optional<LoggedState> known;
  // It is based on what the record was to get back before.
  bool knows_owed = false;
  // Where and when the delivered edit was made.
  v1::RecordKey author;
  std::optional<absl::Time> time;
};

struct Merged {
  Owed owed;
  std::vector<v1::Conflict> conflicts;
  // An older edit has won over a newer one: what the record has now must be everybody's newest version.
  bool older_won = false;
};

// `history` are the record's states before `next`, oldest first; the last ones of it will do, unless it says
// that it begins with the record's first. `owed` is what the record was to get back at the end of it.
//
// Each delivery is compared with each field that the record's own edits, or what was put together from them,
// changed last, if the record still had their value, or was to get it back. Where the delivered edit is based
// on that value it was changed on purpose. Where it is not, but has what the own edit had replaced, only the
// own edit changed the field: the record must get it back. Else both did, and the policy of the field
// decides. Of two edits the newer is the one that was made later; where that is not known or the same, the
// one with the higher version. After a delete nothing is owed. INTERNAL if the log cannot be read.
absl::StatusOr<Merged> Merge(const std::vector<LoggedState>& history, const std::vector<NextState>& next,
                             const FieldPolicies& policies, Owed owed, bool from_the_first = false);

// By field.
using ValuesByField = absl::flat_hash_map<std::string, v1::Value>;
absl::StatusOr<ValuesByField> ValuesOf(const LoggedState& state);
// The empty Value where the record does not list the field.
const v1::Value& At(const ValuesByField& values, const std::string& field);
bool IsSame(const v1::Value& a, const v1::Value& b);
v1::RecordKey KeyOf(const LoggedState& state);

}  // namespace cognate::change_capture
