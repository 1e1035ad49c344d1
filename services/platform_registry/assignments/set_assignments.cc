#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/assignments/assignments.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxRecords = 10'000;
constexpr size_t kMaxAuthorBytes = 200;

std::string RecordPath(size_t place) { return StrCat("records[", place, "]"); }

absl::Status Validate(const v1::SetAssignmentsRequest& request) {
  if (request.mode() == v1::ASSIGNMENT_MODE_UNSPECIFIED || !v1::AssignmentMode_IsValid(request.mode())) {
    return InvalidField("mode", StrCat("got ", static_cast<int>(request.mode()),
                                       ", want ASSIGNMENT_MODE_REPLACE, _ADD or _REMOVE"));
  }
  if (request.records().empty() || request.records_size() > kMaxRecords) {
    return InvalidField("records", StrCat("got ", request.records_size(), ", want 1 to ", kMaxRecords));
  }
  if (request.author().size() > kMaxAuthorBytes || request.author().find('\0') != std::string::npos) {
    return InvalidField(
        "author", StrCat("got ", request.author().size(), " bytes, want text of at most ", kMaxAuthorBytes));
  }
  for (int i = 0; i < request.records_size(); ++i) {
    RETURN_IF_ERROR(
        CheckRecordKey(StrCat(RecordPath(static_cast<size_t>(i)), ".record"), request.records(i).record()));
  }
  return absl::OkStatus();
}

// Of each record the given platforms; all that are unknown at once, as far as a person reads.
absl::StatusOr<std::vector<PlatformNumberSet>> GivenPlatforms(const v1::SetAssignmentsRequest& request,
                                                              const PlatformTable& platforms) {
  constexpr size_t kToldAtOnce = 20;
  std::vector<PlatformNumberSet> given(static_cast<size_t>(request.records_size()));
  std::vector<FieldViolation> violations;
  for (size_t i = 0; i < given.size() && violations.size() < kToldAtOnce; ++i) {
    const v1::RecordAssignments& record = request.records(static_cast<int>(i));
    for (int k = 0; k < record.platforms_size(); ++k) {
      const std::optional<int32_t> number = platforms.Find(record.platforms(k));
      if (number.has_value()) {
        given[i].push_back(*number);
      } else {
        violations.push_back(
            {StrCat(RecordPath(i), ".platforms[", k, "]"),
             StrCat("got \"", record.platforms(k), "\", want the id of a platform; CreatePlatform adds it")});
      }
    }
    std::sort(given[i].begin(), given[i].end());
    given[i].erase(std::unique(given[i].begin(), given[i].end()), given[i].end());
  }
  if (!violations.empty()) return InvalidFields(violations);
  return given;
}

absl::Status CheckOnce(const std::vector<Uuid>& entities) {
  absl::flat_hash_map<Uuid, size_t> seen;
  for (size_t i = 0; i < entities.size(); ++i) {
    const auto [first, is_new] = seen.emplace(entities[i], i);
    if (is_new) continue;
    return InvalidField(StrCat(RecordPath(i), ".record"),
                        StrCat("got a record that is the same as ", RecordPath(first->second),
                               ", want each once; put their platforms together"));
  }
  return absl::OkStatus();
}

PlatformNumberSet After(v1::AssignmentMode mode, const PlatformNumberSet& before,
                        const PlatformNumberSet& given) {
  PlatformNumberSet after;
  if (mode == v1::ASSIGNMENT_MODE_ADD) {
    std::set_union(before.begin(), before.end(), given.begin(), given.end(), std::back_inserter(after));
  } else if (mode == v1::ASSIGNMENT_MODE_REMOVE) {
    std::set_difference(before.begin(), before.end(), given.begin(), given.end(), std::back_inserter(after));
  } else {
    after = given;
  }
  return after;
}

}  // namespace

absl::StatusOr<v1::SetAssignmentsResponse> SetAssignments(const AssignmentParts& parts,
                                                          const v1::SetAssignmentsRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, parts.platforms.Read());
  ASSIGN_OR_RETURN(const std::vector<PlatformNumberSet> given, GivenPlatforms(request, *platforms));
  std::vector<const v1::RecordKey*> keys;
  for (const v1::RecordAssignments& record : request.records()) keys.push_back(&record.record());
  ASSIGN_OR_RETURN(const std::vector<Uuid> entities, FindEntities(parts, keys, /*create=*/true));
  RETURN_IF_ERROR(CheckOnce(entities));

  const auto change = [&](size_t i, const StoredAssignments& now) -> absl::StatusOr<PlatformNumberSet> {
    const v1::RecordAssignments& wanted = request.records(static_cast<int>(i));
    PlatformNumberSet after = After(request.mode(), now.platforms, given[i]);
    // Where nothing would change a request may be one that is sent again.
    const bool is_refused =
        wanted.has_revision() && wanted.revision() != now.revision && after != now.platforms;
    if (is_refused) {
      return AssignmentsChanged(StrCat(RecordPath(i), ".revision"), wanted.revision(), now.revision);
    }
    return after;
  };
  v1::SetAssignmentsResponse response;
  int changed = 0;
  ASSIGN_OR_RETURN(const std::vector<StoredAssignments> stored,
                   parts.store.Set(entities, request.author(), change, &changed));
  response.set_changed_count(changed);
  for (size_t i = 0; i < entities.size(); ++i) {
    v1::RecordAssignments* const record = response.add_records();
    *record->mutable_record() = *keys[i];
    Describe(entities[i], stored[i], *platforms, record);
  }
  return response;
}

}  // namespace cognate::platform_registry
