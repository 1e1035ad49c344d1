// From parents to parts: what a record comes to as records of the models that are made of its own
// (`Model.expansion`). A pure stage; change_capture compares the sets with what it knows, and what differs
// comes back as changes of an ordinary model.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cognate/v1/expansion_service.pb.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

inline constexpr int kMaxParts = 1'000;             // of one record and model
inline constexpr int64_t kMaxPartsBytes = 4 << 20;  // of one record and model

// Where the next sets begin.
struct ExpandPlace {
  size_t parent = 0;     // into Routed.parents
  size_t expansion = 0;  // of its plan
};

// One request takes so many sets, or the one that brings it to so many bytes.
struct SetLimits {
  int sets = 500;
  int64_t bytes = 2 << 20;
};

// The sets of `routed.parents` from `*place` on, as many as a request takes; none: all are done. A parent
// that is deleted has no parts; one that cannot be expanded has an error with the field's path, and its parts
// stay.
v1::CapturePartsRequest Expand(const Routed& routed, int64_t rules_revision, const SetLimits& limits,
                               ExpandPlace* place);

}  // namespace cognate::transformer
