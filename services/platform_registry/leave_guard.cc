#include "services/platform_registry/leave_guard.h"

#include <optional>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/clients/guard.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using google::protobuf::util::MessageDifferencer;
using postgres::Params;
using postgres::Statement;
using postgres::Transaction;

// What the sync was before is kept from the first of several changes: that is what the target has.
const Statement kBeginCounting = {"begin_counting", R"sql(
    UPDATE syncs
    SET guard_state = $2, guard_leaving_count = 0, guard_record_count = 0, guard_time = now(),
        guarded_definition = coalesce(guarded_definition, $3)
    WHERE name = $1 AND NOT deleted
)sql"};

const Statement kHold = {"hold_sync", R"sql(
    UPDATE syncs
    SET guard_state = $2, guard_leaving_count = $3, guard_record_count = $4, guard_time = now()
    WHERE name = $1 AND NOT deleted
)sql"};

const Statement kLift = {"lift_guard", R"sql(
    UPDATE syncs
    SET guard_state = 0, guard_leaving_count = 0, guard_record_count = 0, guard_time = NULL, guarded_definition = NULL
    WHERE name = $1 AND NOT deleted
)sql"};

using Ids = google::protobuf::RepeatedPtrField<std::string>;

bool HasAll(const Ids& ids, const Ids& wanted) {
  const absl::flat_hash_set<absl::string_view> known(ids.begin(), ids.end());
  return absl::c_all_of(wanted, [&](const std::string& id) { return known.contains(id); });
}

bool HasScope(const v1::Sync& sync) {
  return !sync.filter().empty() || sync.only_assigned() || !sync.sync_ids().empty() ||
         !sync.ignore_ids().empty();
}

// Also a change that takes nothing away by itself is counted anew while there is a guard.
bool ConcernsGuard(const v1::Sync& before, const v1::Sync& after) {
  const auto same_ids = [](const Ids& a, const Ids& b) { return absl::c_equal(a, b); };
  return before.filter() != after.filter() || before.only_assigned() != after.only_assigned() ||
         before.max_leaving_percent() != after.max_leaving_percent() ||
         !same_ids(before.sync_ids(), after.sync_ids()) ||
         !same_ids(before.ignore_ids(), after.ignore_ids()) ||
         !MessageDifferencer::Equals(before.leave(), after.leave());
}

absl::Status Lift(Transaction& transaction, absl::string_view id) {
  RETURN_IF_ERROR(transaction.Query(kLift, Params().AddText(id)).status());
  return RaiseRevision(transaction).status();
}

absl::Status Hold(Transaction& transaction, absl::string_view id, const v1::SetLeaveGuardRequest& counted) {
  Params params;
  params.AddText(id).AddInt32(v1::LEAVE_GUARD_STATE_HELD);
  params.AddInt64(counted.leaving_count()).AddInt64(counted.record_count());
  RETURN_IF_ERROR(transaction.Query(kHold, params).status());
  return RaiseRevision(transaction).status();
}

}  // namespace

bool MayTakeAway(const v1::Sync& before, const v1::Sync& after) {
  if (!HasScope(after) || clients::MaxLeavingPercent(after) == 100) return false;
  if (after.filter() != before.filter() && !after.filter().empty()) return true;
  if (after.only_assigned() && !before.only_assigned()) return true;
  if (!after.sync_ids().empty() &&
      (before.sync_ids().empty() || !HasAll(after.sync_ids(), before.sync_ids())))
    return true;
  if (!HasAll(before.ignore_ids(), after.ignore_ids())) return true;
  return !MessageDifferencer::Equals(before.leave(), after.leave());
}

absl::Status GuardChange(Transaction& transaction, absl::string_view id, const v1::Sync& before,
                         const v1::Sync& after) {
  const bool counts = before.has_guard() ? ConcernsGuard(before, after) : MayTakeAway(before, after);
  if (!counts) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string definition, SyncDefinition(before));
  Params params;
  params.AddText(id).AddInt32(v1::LEAVE_GUARD_STATE_COUNTING).AddJsonb(definition);
  return transaction.Query(kBeginCounting, params).status();
}

absl::StatusOr<v1::SetLeaveGuardResponse> SetLeaveGuard(SyncStore& store,
                                                        const v1::SetLeaveGuardRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.name(), "name"));
  if (request.etag().empty()) return InvalidField("etag", "got nothing, want that of the counted sync");
  v1::SetLeaveGuardResponse response;
  ASSIGN_OR_RETURN(
      *response.mutable_sync(),
      store.Touch("set_leave_guard", id, request.etag(),
                  [&](Transaction& transaction, const v1::Sync& sync) -> absl::Status {
                    // Another has counted, too.
                    if (sync.guard().state() != v1::LEAVE_GUARD_STATE_COUNTING) return absl::OkStatus();
                    const bool is_held =
                        clients::IsTooMuch(sync, request.leaving_count(), request.record_count());
                    log::Info(is_held ? "a change of rules is held" : "a change of rules was counted",
                              {{"sync", sync.name()},
                               {"leaving", request.leaving_count()},
                               {"of", request.record_count()},
                               {"max_percent", clients::MaxLeavingPercent(sync)}});
                    return is_held ? Hold(transaction, id, request) : Lift(transaction, id);
                  }));
  return response;
}

absl::StatusOr<v1::ApproveSyncResponse> ApproveSync(SyncStore& store, const v1::ApproveSyncRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.name(), "name"));
  v1::ApproveSyncResponse response;
  ASSIGN_OR_RETURN(*response.mutable_sync(),
                   store.Touch("approve_sync", id, request.etag(),
                               [&](Transaction& transaction, const v1::Sync& sync) -> absl::Status {
                                 if (sync.guard().state() != v1::LEAVE_GUARD_STATE_HELD)
                                   return SyncNotHeld(id,
                                                      sync.guard().state() == v1::LEAVE_GUARD_STATE_COUNTING);
                                 log::Info("a held change of rules was approved",
                                           {{"sync", sync.name()},
                                            {"leaving", sync.guard().leaving_count()},
                                            {"of", sync.guard().record_count()}});
                                 return Lift(transaction, id);
                               }));
  return response;
}

}  // namespace cognate::platform_registry
