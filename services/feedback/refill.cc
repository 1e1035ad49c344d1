#include "services/feedback/refill.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/replay.h"

namespace cognate::feedback {
namespace {

constexpr int kDefaultLimit = 1'000;
constexpr int kMaxLimit = 10'000;

absl::Status Validate(const v1::RefillRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (!request.has_planned_before()) return InvalidField("planned_before", "got nothing, want a time");
  if (request.limit() < 0 || request.limit() > kMaxLimit) {
    return InvalidField("limit", absl::StrCat("got ", request.limit(), ", want at most ", kMaxLimit));
  }
  return absl::OkStatus();
}

Trouble UnknownTrouble(const std::string& platform, const v1::PendingReplica& replica) {
  Trouble trouble;
  trouble.key = {Uuid::FromBytes(replica.entity_id()).value_or(Uuid()), platform, replica.model()};
  trouble.version = replica.desired_version();
  trouble.source = replica.source();
  trouble.created = absl::UnixEpoch();
  return trouble;
}

}  // namespace

absl::StatusOr<v1::RefillResponse> Refill(const Parts& parts, const v1::RefillRequest& request,
                                          const grpc_support::Rpc& rpc) {
  RETURN_IF_ERROR(Validate(request));
  const CallContext context = CallContext::Of(rpc);
  v1::ListPendingRequest list;
  list.set_platform(request.platform());
  *list.mutable_planned_before() = request.planned_before();
  list.set_page_size(request.limit() == 0 ? kDefaultLimit : request.limit());
  ASSIGN_OR_RETURN(const v1::ListPendingResponse pending, parts.peers.registry().ListPending(list, context));
  v1::RefillResponse response;
  response.set_more(pending.replicas_size() >= list.page_size());
  if (pending.replicas().empty()) return response;

  v1::ReplayRequest replay;
  replay.set_target_platform(request.platform());
  absl::flat_hash_set<std::string> sources;
  for (const v1::PendingReplica& replica : pending.replicas()) {
    if (replica.source().local_id().empty()) continue;
    if (sources.insert(replica.source().SerializeAsString()).second) *replay.add_records() = replica.source();
  }
  absl::flat_hash_set<std::string> unknown;
  if (!replay.records().empty()) {
    ASSIGN_OR_RETURN(const std::vector<v1::RecordKey> records, ReplayKnown(parts, replay, "refill", context));
    for (const v1::RecordKey& record : records) unknown.insert(record.SerializeAsString());
  }
  std::vector<Trouble> lost;
  for (const v1::PendingReplica& replica : pending.replicas()) {
    if (replica.source().local_id().empty() || unknown.contains(replica.source().SerializeAsString()))
      lost.push_back(UnknownTrouble(request.platform(), replica));
  }
  RETURN_IF_ERROR(GiveUpUnknown(parts, lost, context).status());
  response.set_replayed_count(replay.records_size() - static_cast<int>(unknown.size()));
  log::Info(
      "refill",
      {{"platform", request.platform()}, {"replayed", response.replayed_count()}, {"more", response.more()}});
  return response;
}

}  // namespace cognate::feedback
