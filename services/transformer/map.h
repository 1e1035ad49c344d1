// Renders changes in the words of their targets: renamed and converted. What a change does not say is left
// out.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "common/value/fingerprint.h"
#include "google/protobuf/arena.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"
#include "services/transformer/transform.h"

namespace cognate::transformer {

// Deliveries to one target that list the same fields; none for deletes, and for what is left as it is.
struct Shape {
  const TargetPlan* target = nullptr;
  const Departure* departure = nullptr;  // of records that leave
  std::vector<const FieldPlan*> fields;
  std::vector<int> positions;                         // by index into target->fields: into `fields`, or -1
  std::optional<value::Fingerprinter> fingerprinter;  // of `fields`, unless the record leaves
};

// One change for one target.
struct Item {
  size_t candidate = 0;  // into Candidates
  size_t change = 0;     // into Routed.changes
  const TargetPlan* target = nullptr;
  const Shape* shape = nullptr;
  bus::v1::Delivery* delivery =
      nullptr;  // on the arena; one value for each field of the shape, references still NULL
  // Refused, or waiting for a sync: planned, but not delivered.
  std::optional<v1::Outcome> outcome;
};

struct Mapped {
  std::vector<Item> items;   // in the order of their candidates
  std::deque<Shape> shapes;  // what items point to
};

// Leaves out what has no identity. A value that does not fit
// refuses its own item only.
Mapped Map(const Routed& routed, const Candidates& candidates, const Resolved& resolved,
           google::protobuf::Arena* arena);

}  // namespace cognate::transformer
