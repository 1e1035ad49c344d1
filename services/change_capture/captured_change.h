// What goes into the change log, and what comes back out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "cognate/v1/record.pb.h"
#include "common/ids/uuid.h"

namespace cognate::change_capture {

// A model that has changes in the log, with the log's own small numbers for it. Handed out by
// ChangeLog::FindOrAddModel; lives as long as the log, so it is passed around as a pointer.
struct LoggedModel {
  int32_t model_id = 0;
  int32_t platform_id = 0;
  std::string platform;
  std::string model;
};

// Of a change that a delivery made: what it wrote. Of a renewed change: the version that it renews, and no
// entity.
struct Origin {
  Uuid entity_id;
  int64_t version = 0;
};

// One change on its way into the log: valid, complete, not yet numbered.
struct CapturedChange {
  const LoggedModel* model = nullptr;
  std::string local_id;
  v1::Operation operation = v1::OPERATION_UPDATE;
  std::string fields;                     // a serialized v1::Fields: the record's full state
  std::optional<absl::Time> source_time;  // by the source's clock
  std::string change_id;  // unique on its platform; empty: none (replication has its positions instead)
  std::optional<Origin> origin;
};

// One change of the log.
struct LoggedState {
  int64_t version = 0;
  const LoggedModel* model = nullptr;
  std::string local_id;
  v1::Operation operation =
      v1::OPERATION_UPDATE;  // OPERATION_DELETE: the record is gone; `fields` is its last state
  std::string fields;        // a serialized v1::Fields
  std::optional<absl::Time> source_time;
  std::string change_id;
  absl::Time capture_time;
  std::optional<Origin> origin;
  bool is_amended = false;  // the record does not hold it yet (conflicts/README.md)

  // A delivery wrote it.
  bool is_delivered() const { return origin.has_value() && !origin->entity_id.IsNil(); }
};

}  // namespace cognate::change_capture
