#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/event_batch.h"
#include "services/feedback/replay.h"
#include "services/feedback/troubles.h"

namespace cognate::feedback {
namespace {

constexpr int kAtOnce = 500;

void AddFailed(const v1::OutcomeError& error, const Trouble& example, int64_t count,
               v1::RetryHeldResponse* response) {
  response->set_failed_count(response->failed_count() + count);
  for (v1::RetryHeldError& known : *response->mutable_errors()) {
    if (known.error().reason() != error.reason()) continue;
    known.set_count(known.count() + count);
    return;
  }
  v1::RetryHeldError* const failed = response->add_errors();
  *failed->mutable_source() = example.source;
  *failed->mutable_error() = error;
  failed->set_count(count);
}

// Takes some of them, and tells that they are released.
absl::StatusOr<std::vector<Trouble>> Release(const Parts& parts, const TroubleCriteria& criteria, int limit) {
  const absl::Time now = parts.clock.Now();
  std::vector<Trouble> taken;
  RETURN_IF_ERROR(
      parts.troubles.InTransaction("retry_held", [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(taken, parts.troubles.Take(transaction, criteria, /*replay=*/true,
                                                    now + LeaseOf(parts.policy, 1), limit));
        std::map<std::string, EventBatchBuilder> told;
        for (const Trouble& trouble : taken) {
          if (trouble.replay) continue;  // It was released before, and its replay could not be made.
          const std::string& platform = trouble.key.platform;
          told.try_emplace(platform, platform, now).first->second.Add(trouble, v1::EVENT_KIND_RELEASED);
        }
        for (const auto& [platform, batch] : told) {
          RETURN_IF_ERROR(
              parts.events.Append(transaction, platform, batch.Serialize(), batch.counts(), now).status());
        }
        return absl::OkStatus();
      }));
  if (!taken.empty()) parts.feed.Notify();
  return taken;
}

// False if none of them could be handed over.
absl::StatusOr<bool> RetryGroup(const Parts& parts, const std::vector<Trouble>& troubles,
                                const CallContext& context, v1::RetryHeldResponse* response) {
  ASSIGN_OR_RETURN(const Replayed replayed, ReplayTroubles(parts, troubles, context));
  response->set_replayed_count(response->replayed_count() + replayed.count);
  for (const Trouble& trouble : replayed.unknown)
    AddFailed(RecordUnknown(Describe(trouble.source)), trouble, 1, response);
  if (replayed.failure.ok()) return true;
  v1::OutcomeError error;
  error.set_reason(ErrorReason(replayed.failure));
  error.set_message(std::string(replayed.failure.message()));
  AddFailed(error, troubles.front(), static_cast<int64_t>(troubles.size()), response);
  return false;
}

}  // namespace

absl::StatusOr<v1::RetryHeldResponse> RetryHeld(const Parts& parts, const v1::RetryHeldRequest& request,
                                                const grpc_support::Rpc& rpc) {
  if (request.acting_identity().empty())
    return InvalidField("acting_identity", "got nothing, want the name that the records are written in");
  const CallContext context = CallContext::Of(rpc);
  TroubleCriteria criteria;
  criteria.platform = request.platform();
  criteria.state = v1::REPLICA_STATE_HELD;
  criteria.acting_identity = request.acting_identity();
  criteria.at_rest = true;
  ASSIGN_OR_RETURN(int64_t left, parts.troubles.CountOf(criteria));
  v1::RetryHeldResponse response;
  response.set_total_count(left);
  bool goes = true;
  while (goes && left > 0) {  // not what is held anew meanwhile
    const auto limit = static_cast<int>(std::min<int64_t>(left, kAtOnce));
    ASSIGN_OR_RETURN(std::vector<Trouble> taken, Release(parts, criteria, limit));
    if (taken.empty()) break;
    left -= static_cast<int64_t>(taken.size());
    std::map<std::pair<std::string, bool>, std::vector<Trouble>> groups;
    for (Trouble& trouble : taken)
      groups[{trouble.key.platform, trouble.allow_incomplete}].push_back(std::move(trouble));
    for (const auto& [target, troubles] : groups) {
      ASSIGN_OR_RETURN(const bool handed_over, RetryGroup(parts, troubles, context, &response));
      goes = goes && handed_over;
    }
  }
  if (!goes && left > 0) {  // The others would fail alike, and stay HELD.
    response.set_failed_count(response.failed_count() + left);
    v1::RetryHeldError* const last = response.mutable_errors(response.errors_size() - 1);
    last->set_count(last->count() + left);
  }
  log::Info("retry_held", {{"acting_identity", request.acting_identity()},
                           {"total", response.total_count()},
                           {"replayed", response.replayed_count()}});
  return response;
}

}  // namespace cognate::feedback
