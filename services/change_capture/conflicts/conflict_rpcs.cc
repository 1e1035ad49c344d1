#include "services/change_capture/conflicts/conflict_rpcs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;

absl::StatusOr<StoredConflict> Find(ConflictStore& store, const std::string& name) {
  absl::string_view id = name;
  const absl::StatusOr<Uuid> parsed =
      absl::ConsumePrefix(&id, "conflicts/") ? Uuid::Parse(id) : absl::InvalidArgumentError("");
  if (!parsed.ok()) return ConflictNotFound(name);
  ASSIGN_OR_RETURN(std::optional<StoredConflict> conflict, store.Get(*parsed));
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
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    return FieldInvalid("page_size", absl::StrCat(request.page_size()), absl::StrCat("0 to ", kMaxPage));
  }
  RETURN_IF_ERROR(CheckRecord(request.record()));
  ConflictStore::Filter filter;
  filter.limit = request.page_size() == 0 ? kDefaultPage : request.page_size();
  filter.state = request.state();
  filter.local_id = request.record().local_id();
  if (!request.page_token().empty()) {
    const absl::StatusOr<Uuid> token = Uuid::Parse(request.page_token());
    if (!token.ok()) {
      return FieldInvalid("page_token", request.page_token(), "the next_page_token of a page before");
    }
    filter.before = *token;
  }
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
