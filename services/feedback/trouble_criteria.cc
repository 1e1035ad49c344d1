#include "services/feedback/trouble_criteria.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

absl::Status CheckState(v1::ReplicaState state) {
  switch (state) {
    case v1::REPLICA_STATE_UNSPECIFIED:
    case v1::REPLICA_STATE_RETRY:
    case v1::REPLICA_STATE_WAITING:
    case v1::REPLICA_STATE_HELD:
    case v1::REPLICA_STATE_CONFLICT:
    case v1::REPLICA_STATE_DEAD:
      return absl::OkStatus();
    default:
      return InvalidField("filter.state", "want RETRY, WAITING, HELD, CONFLICT or DEAD, or none");
  }
}

absl::Status CheckSource(const v1::RecordKey& source) {
  const bool has_gap =
      (source.platform().empty() && !(source.model().empty() && source.local_id().empty())) ||
      (source.model().empty() && !source.local_id().empty());
  if (!has_gap) return absl::OkStatus();
  return InvalidField("filter.source", "want platform, model and local_id, or the first two, or the first");
}

// What a sync goes between must be what the filter says itself, if it does.
absl::Status Narrow(const std::string& field, const std::string& of_sync, std::string* wanted) {
  if (!wanted->empty() && *wanted != of_sync) {
    return InvalidField(absl::StrCat("filter.", field),
                        absl::StrCat("got \"", *wanted, "\", and that of the sync is \"", of_sync, "\""));
  }
  *wanted = of_sync;
  return absl::OkStatus();
}

absl::Status NarrowToSync(const v1::Sync& sync, TroubleCriteria* criteria) {
  RETURN_IF_ERROR(Narrow("platform", sync.target_platform(), &criteria->platform));
  RETURN_IF_ERROR(Narrow("target_model", sync.target_model(), &criteria->model));
  RETURN_IF_ERROR(Narrow("source.platform", sync.source_platform(), criteria->source.mutable_platform()));
  return Narrow("source.model", sync.source_model(), criteria->source.mutable_model());
}

absl::Status Merge(absl::string_view field, const std::string& plain, std::string* in_filter) {
  if (plain.empty() || plain == *in_filter) return absl::OkStatus();
  if (!in_filter->empty()) {
    return InvalidField(field, absl::StrCat("got \"", plain, "\", and filter.", field, " is \"", *in_filter,
                                            "\"; one of the two is enough"));
  }
  *in_filter = plain;
  return absl::OkStatus();
}

absl::Status MergeState(v1::ReplicaState plain, v1::TroubleFilter* filter) {
  if (plain == v1::REPLICA_STATE_UNSPECIFIED || plain == filter->state()) return absl::OkStatus();
  if (filter->state() != v1::REPLICA_STATE_UNSPECIFIED)
    return InvalidField("state", "filter.state is another; one of the two is enough");
  filter->set_state(plain);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TroubleCriteria> CriteriaOf(Peers& peers, const v1::TroubleFilter& filter,
                                           const CallContext& context) {
  RETURN_IF_ERROR(CheckState(filter.state()));
  RETURN_IF_ERROR(CheckSource(filter.source()));
  TroubleCriteria criteria;
  criteria.platform = filter.platform();
  criteria.state = filter.state();
  criteria.reason = filter.reason();
  criteria.model = filter.target_model();
  criteria.acting_identity = filter.acting_identity();
  criteria.source = filter.source();
  if (filter.has_created_since()) criteria.since = ToTime(filter.created_since());
  if (filter.has_created_before()) criteria.before = ToTime(filter.created_before());
  if (filter.sync().empty()) return criteria;
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, peers.registry().ListSyncs(context));
  const auto sync = std::find_if(syncs.begin(), syncs.end(),
                                 [&](const v1::Sync& one) { return one.name() == filter.sync(); });
  if (sync == syncs.end()) return SyncNotFound(filter.sync());
  RETURN_IF_ERROR(NarrowToSync(*sync, &criteria));
  return criteria;
}

absl::StatusOr<v1::TroubleFilter> FilterOf(const v1::ListTroublesRequest& request) {
  v1::TroubleFilter filter = request.filter();
  RETURN_IF_ERROR(Merge("platform", request.platform(), filter.mutable_platform()));
  RETURN_IF_ERROR(MergeState(request.state(), &filter));
  return filter;
}

absl::StatusOr<v1::TroubleFilter> FilterOf(const v1::RedriveRequest& request) {
  v1::TroubleFilter filter = request.filter();
  RETURN_IF_ERROR(Merge("platform", request.platform(), filter.mutable_platform()));
  RETURN_IF_ERROR(MergeState(request.state(), &filter));
  RETURN_IF_ERROR(Merge("reason", request.reason(), filter.mutable_reason()));
  if (!request.has_source()) return filter;
  if (filter.has_source() && filter.source().SerializeAsString() != request.source().SerializeAsString())
    return InvalidField("source", "filter.source is another; one of the two is enough");
  if (request.source().local_id().empty())
    return InvalidField("source", "want platform, model and local_id, or nothing");
  *filter.mutable_source() = request.source();
  return filter;
}

}  // namespace cognate::feedback
