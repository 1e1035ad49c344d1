#include "services/feedback/park.h"

#include "absl/container/flat_hash_map.h"

namespace cognate::feedback {
namespace {

absl::Status Settle(Peers& peers, const std::string& platform, absl::Span<const Parked> parked,
                    v1::SettleKind kind, const CallContext& context) {
  if (parked.empty()) return absl::OkStatus();
  v1::SettleRequest request;
  absl::flat_hash_map<absl::string_view, v1::SettleGroup*> groups;
  for (const Parked& replica : parked) {
    v1::SettleGroup*& group = groups[replica.model];
    if (group == nullptr) {
      group = request.add_groups();
      group->set_platform(platform);
      group->set_model(std::string(replica.model));
    }
    group->add_entity_ids(std::string(replica.entity_id));
    group->add_versions(replica.version);
    group->add_kinds(kind);
    group->add_local_ids();
    group->add_fingerprints();
  }
  return peers.registry().Settle(request, context).status();
}

}  // namespace

absl::Status Park(Peers& peers, const std::string& platform, absl::Span<const Parked> parked,
                  const CallContext& context) {
  return Settle(peers, platform, parked, v1::SETTLE_KIND_PARKED, context);
}

absl::Status Discard(Peers& peers, const std::string& platform, absl::Span<const Parked> discarded,
                     const CallContext& context) {
  return Settle(peers, platform, discarded, v1::SETTLE_KIND_DISCARDED, context);
}

}  // namespace cognate::feedback
