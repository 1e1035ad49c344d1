// The first stage: of everything that was read, the newest change of every record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/bus/v1/change_batch.pb.h"
#include "cognate/v1/record.pb.h"

namespace cognate::transformer {

// A change of a batch with what the batch says of it. Points into the batch.
struct RecordChange {
  const bus::v1::LoggedChange* logged = nullptr;
  absl::string_view platform;
  absl::string_view model;
  absl::InlinedVector<absl::string_view, 1> only;  // target platforms; empty for all
  bool allow_incomplete = false;
  bool is_live = true;  // it comes as it was captured: kept back from targets with an interval
  // Of a record's own change: what a delivery just before or behind it was written for.
  absl::string_view delivered_entity;

  bool is_delete() const { return logged->operation() == v1::OPERATION_DELETE; }
  // A delivery made it: the entity and the version that it wrote are known.
  bool is_delivered() const { return !logged->origin_entity_id().empty(); }
  // An older change once more, as its record's newest version: the rules have changed.
  bool is_renewed() const { return !is_delivered() && logged->origin_version() > 0; }
  bool Wants(absl::string_view target_platform) const;
};

// Adds it to the batch as it lies in the log, with the first model; for what is rendered without being
// delivered.
bus::v1::LoggedChange& AddLogged(const v1::Change& change, bus::v1::ChangeBatch* batch);

// Changes that go through the stages together: no record twice, at most `max_changes`.
using Wave = std::vector<RecordChange>;

// In the order of their first versions. Older changes of a record are left out: a target gets the record as
// it is now. A delivery that was captured behind a record's own change does not stand for it: both go on, the
// delivery in a later wave. A delivery that was captured before it does not go on, and says whose the record
// is; a delivered delete comes first: what is made with the same id after it is another record, which the
// ledger knows only then. A record that comes again after its delete goes on as what it was, as the ledger
// has it until the delete is applied everywhere.
std::vector<Wave> Collect(absl::Span<const bus::v1::ChangeBatch* const> batches, size_t max_changes);

}  // namespace cognate::transformer
