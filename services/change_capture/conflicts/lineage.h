// What a change is based on: the versions of other records that its author had before its eyes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"

namespace cognate::change_capture {

struct LineageQuestion {
  // The record that is asked for.
  int32_t model_id = 0;
  std::string local_id;
  // The change.
  int64_t version = 0;
};

// A change is based on what was last delivered to its record before it, that on what was last delivered to
// its author before it, and so on. These go back at most 64 deliveries, each over at most 256 edits of one
// record: what is further back counts as not known, and then costs a comparison of fields, not an edit.

// For each question the newest version of that record which the change is based on, its own included; 0 if
// there is none.
absl::StatusOr<std::vector<int64_t>> NewestKnown(postgres::Pool& pool,
                                                 absl::Span<const LineageQuestion> questions);

// For each question whether the change is based on that amended version of the record, or on a newer amended
// one. An edit of the record that came after it need not be: the record did not hold it yet.
absl::StatusOr<std::vector<bool>> AreBasedOnAmended(postgres::Pool& pool,
                                                    absl::Span<const LineageQuestion> questions,
                                                    absl::Span<const int64_t> amended_versions);

}  // namespace cognate::change_capture
