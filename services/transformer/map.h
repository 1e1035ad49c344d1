// Renders changes in the words of their targets: renamed and converted. What a change does not say is left
// out.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// Deliveries to one target that list the same fields.
struct Shape {
  const TargetPlan* target = nullptr;
  bool deletes = false;
  std::vector<const FieldPlan*> fields;
  std::vector<int> positions;  // by index into target->fields: into `fields`, or -1
};

// One change for one target.
struct Item {
  size_t change = 0;  // into Routed.changes
  const TargetPlan* target = nullptr;
  size_t shape = 0;  // into Mapped.shapes
  bus::v1::Delivery* delivery =
      nullptr;  // on the arena; one value for each field of the shape, references still NULL
  // Refused, or waiting for a sync: planned, but not delivered.
  std::optional<v1::Outcome> outcome;
};

struct Mapped {
  std::vector<Item> items;  // by change, then by target
  std::vector<Shape> shapes;
};

// `skipped[i]` leaves a change out (echoes), and so does an unknown identity. A value that does not fit
// refuses its own item only.
Mapped Map(const Routed& routed, const Resolved& resolved, const std::vector<bool>& skipped,
           google::protobuf::Arena* arena);

// The outcome of what is not sent, with all that is known of it.
v1::Outcome OutcomeOf(const RoutedChange& change, const RecordIdentity& identity, const TargetPlan& target,
                      v1::OutcomeStatus status, v1::OutcomeError error);

}  // namespace cognate::transformer
