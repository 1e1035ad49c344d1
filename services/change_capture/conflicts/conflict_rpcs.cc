#include "services/change_capture/conflicts/conflict_rpcs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/paging.h"

namespace cognate::change_capture {
namespace {

absl::StatusOr<StoredConflict> Find(ConflictStore& store, const std::string& name) {
  const std::optional<Uuid> id = IdOfName(name, "conflicts/");
  if (!id) return ConflictNotFound(name);
  ASSIGN_OR_RETURN(std::optional<StoredConflict> conflict, store.Get(*id));
  if (!conflict) return ConflictNotFound(name);
  return *std::move(conflict);
}

absl::Status CheckRecord(const v1::RecordKey& record) {
  if (!record.local_id().empty() && record.model().empty()) {
    return FieldMissing("record.model", "the model of the record");
  }
  if (!record.model().empty() && record.platform().empty()) {
    return FieldMissing("record.platform", "the platform of the model");
  }
  return absl::OkStatus();
}

// What had lost.
absl::StatusOr<v1::Fields> LosersOf(const StoredConflict& conflict,
                                    const v1::ResolveConflictRequest& request) {
  const v1::Conflict& content = conflict.content;
  for (int i = 0; i < request.fields_size(); ++i) {
    const bool is_known =
        std::any_of(content.fields().begin(), content.fields().end(),
                    [&](const v1::ConflictField& field) { return field.field() == request.fields(i); });
    if (!is_known) {
      return FieldInvalid(absl::StrCat("fields[", i, "]"), request.fields(i), "a field of the conflict");
    }
  }
  v1::Fields losers;
  for (const v1::ConflictField& field : content.fields()) {
    const bool is_wanted =
        request.fields().empty() ||
        std::find(request.fields().begin(), request.fields().end(), field.field()) != request.fields().end();
    if (!is_wanted) continue;
    v1::Field& restored = *losers.add_fields();
    restored.set_name(field.field());
    *restored.mutable_value() = field.own_won() ? field.delivered() : field.own();
  }
  return losers;
}

}  // namespace

absl::StatusOr<v1::ListConflictsResponse> ListConflicts(ConflictStore& store, ChangeLog& log,
                                                        const v1::ListConflictsRequest& request) {
  ConflictStore::Filter filter;
  ASSIGN_OR_RETURN(filter.limit, PageSizeOf(request.page_size()));
  RETURN_IF_ERROR(CheckRecord(request.record()));
  ASSIGN_OR_RETURN(filter.before, PageStartOf(request.page_token()));
  filter.state = request.state();
  filter.local_id = request.record().local_id();
  v1::ListConflictsResponse response;
  if (!request.record().platform().empty()) {
    ASSIGN_OR_RETURN(filter.model_ids, log.ModelIds(request.record().platform(), request.record().model()));
    if (filter.model_ids.empty()) return response;
  }
  ASSIGN_OR_RETURN(std::vector<StoredConflict> listed, store.List(filter));
  for (StoredConflict& conflict : listed) response.add_conflicts()->Swap(&conflict.content);
  if (static_cast<int>(listed.size()) == filter.limit) {
    response.set_next_page_token(listed.back().id.ToString());
  }
  return response;
}

absl::StatusOr<v1::GetConflictResponse> GetConflict(ConflictStore& store,
                                                    const v1::GetConflictRequest& request) {
  ASSIGN_OR_RETURN(StoredConflict conflict, Find(store, request.name()));
  v1::GetConflictResponse response;
  response.mutable_conflict()->Swap(&conflict.content);
  return response;
}

absl::StatusOr<v1::ResolveConflictResponse> ResolveConflict(ConflictStore& store, Amender& amender,
                                                            const v1::ResolveConflictRequest& request) {
  if (request.resolution() != v1::CONFLICT_RESOLUTION_KEEP &&
      request.resolution() != v1::CONFLICT_RESOLUTION_RESTORE) {
    return FieldInvalid("resolution", v1::ConflictResolution_Name(request.resolution()),
                        "CONFLICT_RESOLUTION_KEEP or CONFLICT_RESOLUTION_RESTORE");
  }
  ASSIGN_OR_RETURN(const StoredConflict conflict, Find(store, request.name()));
  if (request.resolution() == v1::CONFLICT_RESOLUTION_KEEP) {
    RETURN_IF_ERROR(store.MarkResolved(conflict.id));
  } else {
    ASSIGN_OR_RETURN(const v1::Fields losers, LosersOf(conflict, request));
    RETURN_IF_ERROR(amender.Restore(conflict, losers));
  }
  v1::ResolveConflictResponse response;
  ASSIGN_OR_RETURN(StoredConflict now, Find(store, request.name()));
  response.mutable_conflict()->Swap(&now.content);
  return response;
}

}  // namespace cognate::change_capture
