// The tables `assignments` and `assignment_changes`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/ids/uuid.h"
#include "common/postgres/pool.h"

namespace cognate::platform_registry {

// Numbers of platforms, in ascending order.
using PlatformNumberSet = std::vector<int32_t>;

// Of one entity.
struct StoredAssignments {
  PlatformNumberSet platforms;
  PlatformNumberSet homes;  // where it came into being
  int64_t revision = 0;     // of the last change; 0 before the first
  absl::Time update_time;
};

struct StoredAssignmentChange {
  int64_t revision = 0;
  Uuid entity;
  PlatformNumberSet before, after;
  std::string author;
  absl::Time change_time;
};

struct AssignedRecord {
  Uuid entity;
  std::string local_id;
};

struct SourceRecord {
  Uuid entity;
  int32_t model_id = 0;
  std::string local_id;
  bool is_home = false;
};

// Thread safe.
class AssignmentStore {
 public:
  explicit AssignmentStore(postgres::Pool& pool) : pool_(pool) {}

  // In the order of `entities`; what was never set is empty.
  absl::StatusOr<std::vector<StoredAssignments>> Find(absl::Span<const Uuid> entities);

  // Calls `change(place, current)`, which gives the platforms that entity is to have; an error of it ends all
  // without a trace. What differs is written under new revisions. Writers take turns. Answers what is there
  // then, without homes; `changed` counts.
  using Change = absl::FunctionRef<absl::StatusOr<PlatformNumberSet>(size_t, const StoredAssignments&)>;
  absl::StatusOr<std::vector<StoredAssignments>> Set(absl::Span<const Uuid> entities,
                                                     const std::string& author, Change change, int* changed);

  // Of one entity, newest first.
  absl::StatusOr<std::vector<StoredAssignmentChange>> History(const Uuid& entity, int limit);
  // Of all, by revision.
  absl::StatusOr<std::vector<StoredAssignmentChange>> ChangesAfter(int64_t revision, int limit);

  // Records of a model that are assigned to any platform, or to this one, by their entities.
  absl::StatusOr<std::vector<AssignedRecord>> List(int32_t model_id, std::optional<int32_t> assigned_to,
                                                   const Uuid& after, int limit);
  // The records of these entities in these models; those that are not there are left out.
  absl::StatusOr<std::vector<SourceRecord>> FindRecords(absl::Span<const Uuid> entities,
                                                        absl::Span<const int32_t> model_ids);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::platform_registry
