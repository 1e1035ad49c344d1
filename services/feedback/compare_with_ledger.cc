#include "services/feedback/compare_with_ledger.h"

#include <algorithm>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

constexpr int kAtOnce = 1'000;  // entities

// By entity, as text.
using Replicas = absl::flat_hash_map<std::string, std::vector<v1::Replica>>;

absl::StatusOr<Replicas> ReplicasOf(Peers& peers, absl::Span<const Trouble> troubles,
                                    const CallContext& context) {
  Replicas replicas;
  v1::BatchGetReplicasRequest request;
  const auto ask = [&]() -> absl::Status {
    if (request.entity_ids().empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(v1::BatchGetReplicasResponse response,
                     peers.registry().BatchGetReplicas(request, context));
    for (v1::Replica& replica : *response.mutable_replicas()) {
      std::vector<v1::Replica>& known = replicas[replica.entity_id()];
      known.push_back(std::move(replica));
    }
    request.clear_entity_ids();
    return absl::OkStatus();
  };
  absl::flat_hash_set<Uuid> asked;
  for (const Trouble& trouble : troubles) {
    if (asked.insert(trouble.key.entity_id).second)
      request.add_entity_ids(std::string(trouble.key.entity_id.AsBytes()));
    if (request.entity_ids_size() == kAtOnce) RETURN_IF_ERROR(ask());
  }
  RETURN_IF_ERROR(ask());
  return replicas;
}

bool IsSettled(const std::vector<v1::Replica>& replicas, const Trouble& trouble) {
  return std::any_of(replicas.begin(), replicas.end(), [&](const v1::Replica& replica) {
    return replica.record().platform() == trouble.key.platform &&
           replica.record().model() == trouble.key.model && replica.applied_version() >= trouble.version;
  });
}

bool HasEnded(const std::vector<v1::Replica>& replicas) {
  return std::all_of(replicas.begin(), replicas.end(),
                     [](const v1::Replica& replica) { return replica.record().local_id().empty(); });
}

}  // namespace

absl::StatusOr<Compared> CompareWithLedger(Peers& peers, absl::Span<const Trouble> troubles,
                                           const CallContext& context) {
  Compared compared;
  ASSIGN_OR_RETURN(Replicas replicas, ReplicasOf(peers, troubles, context));
  for (const Trouble& trouble : troubles) {
    const std::vector<v1::Replica>& known = replicas[trouble.key.entity_id.ToString()];
    std::vector<Trouble>& kind = IsSettled(known, trouble) ? compared.settled
                                 : HasEnded(known)         ? compared.ended
                                                           : compared.still;
    kind.push_back(trouble);
  }
  return compared;
}

}  // namespace cognate::feedback
