#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/assignments/assignments.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxRecords = 10'000;
constexpr int kMaxHistory = 1'000;

absl::StatusOr<std::optional<int32_t>> AssignedPlatform(const v1::ListAssignmentsRequest& request,
                                                        const PlatformTable& platforms) {
  if (request.assigned_platform().empty()) return std::nullopt;
  const std::optional<int32_t> number = platforms.Find(request.assigned_platform());
  if (number.has_value()) return number;
  return InvalidField("assigned_platform",
                      StrCat("got \"", request.assigned_platform(), "\", want the id of a platform"));
}

void AddPlatforms(const PlatformNumberSet& with, const PlatformNumberSet& without,
                  const PlatformTable& platforms, google::protobuf::RepeatedPtrField<std::string>* names) {
  PlatformNumberSet numbers;
  std::set_difference(with.begin(), with.end(), without.begin(), without.end(), std::back_inserter(numbers));
  for (std::string& name : platforms.Names(numbers)) *names->Add() = std::move(name);
}

}  // namespace

absl::StatusOr<v1::GetAssignmentsResponse> GetAssignments(const AssignmentParts& parts,
                                                          const v1::GetAssignmentsRequest& request) {
  if (request.records().empty() || request.records_size() > kMaxRecords) {
    return InvalidField("records", StrCat("got ", request.records_size(), ", want 1 to ", kMaxRecords));
  }
  std::vector<const v1::RecordKey*> keys;
  for (int i = 0; i < request.records_size(); ++i) {
    RETURN_IF_ERROR(CheckRecordKey(StrCat("records[", i, "]"), request.records(i)));
    keys.push_back(&request.records(i));
  }
  ASSIGN_OR_RETURN(const std::vector<Uuid> entities, FindEntities(parts, keys, /*create=*/false));
  ASSIGN_OR_RETURN(const std::vector<StoredAssignments> stored, parts.store.Find(entities));
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, parts.platforms.Read());
  v1::GetAssignmentsResponse response;
  for (size_t i = 0; i < entities.size(); ++i) {
    v1::RecordAssignments* const record = response.add_records();
    *record->mutable_record() = *keys[i];
    Describe(entities[i], stored[i], *platforms, record);
  }
  return response;
}

absl::StatusOr<v1::ListAssignmentsResponse> ListAssignments(const AssignmentParts& parts,
                                                            const v1::ListAssignmentsRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the platform's id, such as atlas");
  if (request.model().empty())
    return InvalidField("model", "got nothing, want a model, such as public.country");
  const std::string list =
      StrCat("assignments of ", request.platform(), "/", request.model(), "/", request.assigned_platform());
  ASSIGN_OR_RETURN(const Page page, ParsePage(list, request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(const Uuid after, page.after.empty() ? Uuid() : Uuid::Parse(page.after));
  RETURN_IF_ERROR(parts.models.Get(request.platform(), request.model()).status());
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, parts.platforms.Read());
  ASSIGN_OR_RETURN(const std::optional<int32_t> assigned_to, AssignedPlatform(request, *platforms));
  ASSIGN_OR_RETURN(const ModelId model, parts.ids.Find(request.platform(), request.model()));
  ASSIGN_OR_RETURN(std::vector<AssignedRecord> found,
                   parts.store.List(model.model_id, assigned_to, after, page.size + 1));
  v1::ListAssignmentsResponse response;
  if (found.size() > static_cast<size_t>(page.size)) {
    found.resize(static_cast<size_t>(page.size));
    response.set_next_page_token(PageToken(list, found.back().entity.ToString()));
  }
  std::vector<Uuid> entities;
  for (const AssignedRecord& record : found) entities.push_back(record.entity);
  ASSIGN_OR_RETURN(const std::vector<StoredAssignments> stored, parts.store.Find(entities));
  for (size_t i = 0; i < found.size(); ++i) {
    v1::RecordAssignments* const record = response.add_records();
    record->mutable_record()->set_platform(request.platform());
    record->mutable_record()->set_model(request.model());
    record->mutable_record()->set_local_id(std::move(found[i].local_id));
    Describe(entities[i], stored[i], *platforms, record);
  }
  return response;
}

absl::StatusOr<v1::ListAssignmentChangesResponse> ListAssignmentChanges(
    const AssignmentParts& parts, const v1::ListAssignmentChangesRequest& request) {
  RETURN_IF_ERROR(CheckRecordKey("record", request.record()));
  ASSIGN_OR_RETURN(const std::vector<Uuid> entities,
                   FindEntities(parts, {&request.record()}, /*create=*/false));
  v1::ListAssignmentChangesResponse response;
  if (entities[0].IsNil()) return response;
  ASSIGN_OR_RETURN(const std::vector<StoredAssignmentChange> changes,
                   parts.store.History(entities[0], kMaxHistory));
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, parts.platforms.Read());
  for (const StoredAssignmentChange& stored : changes) {
    v1::AssignmentChange* const change = response.add_changes();
    change->set_revision(stored.revision);
    *change->mutable_change_time() = ToTimestamp(stored.change_time);
    change->set_author(stored.author);
    AddPlatforms(stored.after, stored.before, *platforms, change->mutable_added_platforms());
    AddPlatforms(stored.before, stored.after, *platforms, change->mutable_removed_platforms());
    AddPlatforms(stored.after, {}, *platforms, change->mutable_platforms());
  }
  return response;
}

}  // namespace cognate::platform_registry
