#include "services/transformer/slices.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"

namespace cognate::transformer {
namespace {

int Size(const v1::ResolveGroup& group) { return group.local_ids_size(); }
int Size(const v1::PlanGroup& group) { return group.entity_ids_size(); }

template <typename Request>
int Records(const Request& request) {
  int records = 0;
  for (const auto& group : request.groups()) records += Size(group);
  return records;
}

void CopyHead(const v1::ResolveGroup& from, v1::ResolveGroup* to) {
  to->set_platform(from.platform());
  to->set_model(from.model());
  to->set_create(from.create());
  to->set_target_platform(from.target_platform());
  to->set_target_model(from.target_model());
}

void CopyEntry(const v1::ResolveGroup& from, int index, v1::ResolveGroup* to) {
  to->add_local_ids(from.local_ids(index));
  if (index < from.versions_size()) to->add_versions(from.versions(index));
}

void CopyHead(const v1::PlanGroup& from, v1::PlanGroup* to) {
  to->set_sync(from.sync());
  to->set_platform(from.platform());
  to->set_model(from.model());
}

void CopyEntry(const v1::PlanGroup& from, int index, v1::PlanGroup* to) {
  to->add_entity_ids(from.entity_ids(index));
  to->add_versions(from.versions(index));
  to->add_deletes(from.deletes(index));
  if (index < from.leaves_size()) to->add_leaves(from.leaves(index));
  if (index < from.fingerprints_size()) to->add_fingerprints(from.fingerprints(index));
  if (index < from.stays_size()) to->add_stays(from.stays(index));
}

void KeepRevision(const v1::ResolveResponse& from, v1::ResolveResponse* to) {
  to->set_rules_revision(std::max(from.rules_revision(), to->rules_revision()));
}
void KeepRevision(const v1::PlanResponse&, v1::PlanResponse*) {}

// Calls `call` with at most `max_records` of the request at a time and merges answers of one group into one.
template <typename Request, typename Response, typename Call>
absl::StatusOr<Response> InSlices(const Request& request, int max_records, Call call) {
  Response merged;
  for (int i = 0; i < request.groups_size(); ++i) merged.add_groups();
  Request slice;
  std::vector<int> places;  // of the slice's groups in the request
  int records = 0;
  const auto flush = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const Response response, call(slice));
    if (response.groups_size() != slice.groups_size())
      return absl::InternalError("the answer does not fit the question");
    for (int k = 0; k < response.groups_size(); ++k) {
      merged.mutable_groups(places[static_cast<size_t>(k)])->MergeFrom(response.groups(k));
    }
    KeepRevision(response, &merged);
    slice.clear_groups();
    places.clear();
    records = 0;
    return absl::OkStatus();
  };
  for (int i = 0; i < request.groups_size(); ++i) {
    for (int k = 0; k < Size(request.groups(i)); ++k) {
      if (records == max_records) RETURN_IF_ERROR(flush());
      if (places.empty() || places.back() != i) {
        CopyHead(request.groups(i), slice.add_groups());
        places.push_back(i);
      }
      CopyEntry(request.groups(i), k, slice.mutable_groups(slice.groups_size() - 1));
      ++records;
    }
  }
  if (records > 0) RETURN_IF_ERROR(flush());
  return merged;
}

}  // namespace

absl::StatusOr<v1::ResolveResponse> ResolveInSlices(
    const v1::ResolveRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::ResolveResponse>(const v1::ResolveRequest&)> call) {
  if (Records(request) <= max_records) return call(request);
  return InSlices<v1::ResolveRequest, v1::ResolveResponse>(request, max_records, call);
}

absl::StatusOr<v1::PlanResponse> PlanInSlices(
    const v1::PlanRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::PlanResponse>(const v1::PlanRequest&)> call) {
  int tombstones = 0;
  for (const v1::TombstoneGroup& group : request.tombstones()) tombstones += group.entity_ids_size();
  if (Records(request) + tombstones <= max_records) return call(request);
  if (!request.held().empty()) {
    v1::PlanRequest first;
    *first.mutable_held() = request.held();
    RETURN_IF_ERROR(call(first).status());
  }
  ASSIGN_OR_RETURN(v1::PlanResponse response,
                   (InSlices<v1::PlanRequest, v1::PlanResponse>(request, max_records, call)));
  if (tombstones > 0) {
    v1::PlanRequest last;
    *last.mutable_tombstones() = request.tombstones();
    RETURN_IF_ERROR(call(last).status());
  }
  return response;
}

absl::StatusOr<v1::BatchGetReplicasResponse> GetReplicasInSlices(
    const v1::BatchGetReplicasRequest& request, int max_records,
    absl::FunctionRef<absl::StatusOr<v1::BatchGetReplicasResponse>(const v1::BatchGetReplicasRequest&)>
        call) {
  v1::BatchGetReplicasResponse merged;
  int size = max_records;
  for (int from = 0; from < request.entity_ids_size();) {
    v1::BatchGetReplicasRequest slice;
    const int until = std::min(from + size, request.entity_ids_size());
    for (int i = from; i < until; ++i) slice.add_entity_ids(request.entity_ids(i));
    const absl::StatusOr<v1::BatchGetReplicasResponse> response = call(slice);
    if (absl::IsResourceExhausted(response.status()) && slice.entity_ids_size() > 1) {
      size = (slice.entity_ids_size() + 1) / 2;
      continue;
    }
    RETURN_IF_ERROR(response.status());
    merged.MergeFrom(*response);
    from = until;
  }
  return merged;
}

}  // namespace cognate::transformer
