// Runs filters and chains: what becomes of each change on its way to each target, in the words of its source.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "cognate/v1/outcome.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/assigned.h"
#include "services/transformer/former.h"
#include "services/transformer/reach.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

using Row = absl::Span<const v1::Value* const>;

// A change on its way to one target.
struct Candidate {
  size_t change = 0;  // into Routed.changes
  const TargetPlan* target = nullptr;
  // How the target's record is to be left; nullptr while the record is in scope.
  const Departure* departure = nullptr;
  // For each part of the target the record after its chain; empty where the part does not take it.
  absl::InlinedVector<Row, 1> rows;
  std::optional<v1::OutcomeError> refused;
  int64_t version = 0;   // under which it is planned: the change's own, or that of which it is the echo
  bool is_echo = false;  // of what a delivery wrote

  bool is_written() const { return departure == nullptr && !refused.has_value(); }
  // nullptr where the record does not list the field.
  const v1::Value* ValueOf(const FieldPlan& field) const {
    if (rows[field.part].empty()) return nullptr;
    return field.constant != nullptr ? field.constant : rows[field.part][field.slot];
  }
};

// By change, then by target.
using Candidates = std::vector<Candidate>;

// What is known of the changes beside themselves; outlives the candidates.
struct Beside {
  const Assigned& assigned;
  const Former& former;
  const Reach& reach;
};

// The change's record by the slots of its plan.
Row SourceRow(const Routed& routed, const RoutedChange& change);
// A copy of it with room for what a chain adds.
absl::Span<const v1::Value*> WorkingRow(Row source, size_t slots, google::protobuf::Arena* arena);
// Of a record whose key cannot be a local id.
v1::OutcomeError UnfitKey(const v1::Field& key);

// Points into `routed`, the rules and the arena.
Candidates Transform(const Routed& routed, const Beside& beside, google::protobuf::Arena* arena);

// The same of one record for one part, with what each step did; nullopt where the filter or a script keeps it
// out. For previews.
struct PartTrace {
  bool in_scope = true;
  std::string because;  // what the filter, or a script, says
  std::vector<transform::StepTrace> steps;
};
PartTrace TracePart(const Routed& routed, const Beside& beside, size_t change, const SyncPart& part,
                    google::protobuf::Arena* arena);

}  // namespace cognate::transformer
