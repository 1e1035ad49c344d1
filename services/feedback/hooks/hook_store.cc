#include "services/feedback/hooks/hook_store.h"

#include "absl/strings/str_cat.h"
#include "common/postgres/statement.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

constexpr char kColumns[] = R"sql(
    h.id, h.config, h.revision, h.created_at, h.next_sequence, h.next_index, h.pending_id, h.pending_body,
    h.pending_sequence, h.pending_index, h.broken, h.last_error, h.last_sent_at)sql";
// Of people's questions.
constexpr char kFirstWaiting[] = R"sql(,
    (SELECT b.created_at FROM event_batches b WHERE b.sequence >= h.next_sequence ORDER BY b.sequence LIMIT 1))sql";

const Statement kCreate = {"hooks_create", R"sql(
    INSERT INTO event_hooks (id, config, is_paused, request_id, created_at, next_sequence, next_index)
    SELECT $1, $2, $3, $4, $5, last_sequence + 1, 0 FROM event_counter
    ON CONFLICT (id) DO NOTHING)sql"};
const Statement kGet = {"hooks_get", absl::StrCat("SELECT", kColumns, kFirstWaiting,
                                                  ", h.request_id FROM event_hooks h WHERE h.id = $1")};
const Statement kLock = {"hooks_lock",
                         absl::StrCat("SELECT", kColumns, " FROM event_hooks h WHERE h.id = $1 FOR UPDATE")};
const Statement kList = {"hooks_list",
                         absl::StrCat("SELECT", kColumns, kFirstWaiting,
                                      " FROM event_hooks h WHERE h.id > $1 ORDER BY h.id LIMIT $2")};
const Statement kUpdate = {"hooks_update", R"sql(
    UPDATE event_hooks
    SET config = $2, is_paused = $3, revision = revision + 1, broken = '', is_stopped = false, last_error = '',
        pending_id = CASE WHEN $4 THEN pending_id END, pending_body = CASE WHEN $4 THEN pending_body END,
        pending_sequence = CASE WHEN $4 THEN pending_sequence END, pending_index = CASE WHEN $4 THEN pending_index END
    WHERE id = $1)sql"};
const Statement kDelete = {"hooks_delete", "DELETE FROM event_hooks WHERE id = $1"};
// The rest of a lease is renewed early, so that it always outlives a request that begins now.
const Statement kTake = {"hooks_take", R"sql(
    UPDATE event_hooks
    SET lease_owner = $1, lease_until = $3
    WHERE NOT is_paused AND NOT is_stopped
      AND (lease_until <= $2 OR (lease_owner = $1 AND lease_until < $2 + ($3 - $2) * 0.9)))sql"};
const Statement kOwned = {"hooks_owned", absl::StrCat("SELECT", kColumns, R"sql(
    FROM event_hooks h
    WHERE h.lease_owner = $1 AND h.lease_until > $2 AND NOT h.is_paused AND NOT h.is_stopped
    ORDER BY h.id)sql")};
const Statement kReleaseAll = {"hooks_release_all",
                               "UPDATE event_hooks SET lease_until = '-infinity' WHERE lease_owner = $1"};
const Statement kSetPending = {"hooks_set_pending", R"sql(
    UPDATE event_hooks
    SET pending_id = $3, pending_body = $4, pending_sequence = $5, pending_index = $6
    WHERE id = $1 AND lease_owner = $2)sql"};
const Statement kSetSent = {"hooks_set_sent", R"sql(
    UPDATE event_hooks
    SET next_sequence = pending_sequence, next_index = pending_index, pending_id = NULL, pending_body = NULL,
        pending_sequence = NULL, pending_index = NULL, last_error = '', last_sent_at = $3
    WHERE id = $1 AND lease_owner = $2 AND pending_id IS NOT NULL)sql"};
const Statement kSetNext = {"hooks_set_next", R"sql(
    UPDATE event_hooks SET next_sequence = $3, next_index = $4
    WHERE id = $1 AND lease_owner = $2 AND pending_id IS NULL)sql"};
const Statement kSetError = {"hooks_set_error",
                             "UPDATE event_hooks SET last_error = $3 WHERE id = $1 AND lease_owner = $2"};
const Statement kStop = {"hooks_stop", R"sql(
    UPDATE event_hooks SET is_stopped = true, broken = $3, last_error = $3 WHERE id = $1 AND lease_owner = $2)sql"};
const Statement kSetLost = {"hooks_set_lost", R"sql(
    UPDATE event_hooks SET next_sequence = $3, next_index = $4, broken = $5 WHERE id = $1 AND lease_owner = $2)sql"};

// Whether a request that was made before a change is as it would be made after it.
bool AsksForTheSame(const v1::EventHook& before, const v1::EventHook& after) {
  return before.endpoint().url() == after.endpoint().url() &&
         before.filter().SerializeAsString() == after.filter().SerializeAsString() &&
         before.digest().SerializeAsString() == after.digest().SerializeAsString();
}

Hook FromRow(const Rows& rows, int row) {
  Hook hook;
  hook.id = std::string(rows.GetText(row, 0));
  hook.config.ParseFromString(std::string(rows.GetBytes(row, 1)));
  hook.revision = rows.GetInt64(row, 2);
  hook.created = rows.GetTimestamp(row, 3);
  hook.next = {rows.GetInt64(row, 4), rows.GetInt32(row, 5)};
  if (!rows.IsNull(row, 6)) {
    hook.pending = HookMessage{std::string(rows.GetText(row, 6)),
                               std::string(rows.GetBytes(row, 7)),
                               {rows.GetInt64(row, 8), rows.GetInt32(row, 9)}};
  }
  hook.broken = std::string(rows.GetText(row, 10));
  hook.last_error = std::string(rows.GetText(row, 11));
  if (!rows.IsNull(row, 12)) hook.last_sent = rows.GetTimestamp(row, 12);
  if (rows.columns() > 13 && !rows.IsNull(row, 13)) hook.first_waiting = rows.GetTimestamp(row, 13);
  return hook;
}

std::vector<Hook> FromRows(const Rows& rows) {
  std::vector<Hook> hooks;
  for (int row = 0; row < rows.size(); ++row) hooks.push_back(FromRow(rows, row));
  return hooks;
}

Params Of(const std::string& id, const std::string& owner) { return Params().AddText(id).AddText(owner); }

}  // namespace

absl::StatusOr<Hook> HookStore::Create(const Hook& hook, const std::string& request_id) {
  Params params;
  params.AddText(hook.id).AddBytes(hook.config.SerializeAsString()).AddBool(hook.config.is_paused());
  params.AddText(request_id).AddTimestamp(hook.created);
  Hook created;
  RETURN_IF_ERROR(pool_.InTransaction("hooks_create", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows inserted, transaction.Query(kCreate, params));
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kGet, Params().AddText(hook.id)));
    if (rows.empty()) return absl::AbortedError("the hook was deleted just now; try again");
    const bool is_same = !request_id.empty() && rows.GetText(0, 14) == request_id;
    if (inserted.affected() == 0 && !is_same) return EventHookAlreadyExists(hook.id);
    created = FromRow(rows, 0);
    return absl::OkStatus();
  }));
  return created;
}

absl::StatusOr<Hook> HookStore::Get(const std::string& id) {
  Hook hook;
  RETURN_IF_ERROR(pool_.Run("hooks_get", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kGet, Params().AddText(id)));
    if (rows.empty()) return EventHookNotFound(id);
    hook = FromRow(rows, 0);
    return absl::OkStatus();
  }));
  return hook;
}

absl::StatusOr<std::vector<Hook>> HookStore::List(const std::string& after, int limit) {
  std::vector<Hook> hooks;
  RETURN_IF_ERROR(pool_.Run("hooks_list", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kList, Params().AddText(after).AddInt32(limit)));
    hooks = FromRows(rows);
    return absl::OkStatus();
  }));
  return hooks;
}

absl::StatusOr<Hook> HookStore::Update(const std::string& id, const std::string& etag,
                                       absl::FunctionRef<absl::Status(v1::EventHook*)> change) {
  Hook updated;
  RETURN_IF_ERROR(pool_.InTransaction("hooks_update", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kLock, Params().AddText(id)));
    if (rows.empty()) return EventHookNotFound(id);
    Hook hook = FromRow(rows, 0);
    if (!etag.empty() && etag != absl::StrCat(hook.revision))
      return EtagMismatch(absl::StrCat(hook.revision));
    const v1::EventHook before = hook.config;
    RETURN_IF_ERROR(change(&hook.config));
    Params params;
    params.AddText(id).AddBytes(hook.config.SerializeAsString()).AddBool(hook.config.is_paused());
    params.AddBool(AsksForTheSame(before, hook.config));
    RETURN_IF_ERROR(transaction.Query(kUpdate, params).status());
    ASSIGN_OR_RETURN(const Rows written, transaction.Query(kGet, Params().AddText(id)));
    updated = FromRow(written, 0);
    return absl::OkStatus();
  }));
  return updated;
}

absl::Status HookStore::Delete(const std::string& id) {
  return pool_.Run("hooks_delete", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kDelete, Params().AddText(id)));
    return rows.affected() == 0 ? EventHookNotFound(id) : absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Hook>> HookStore::Lease(const std::string& owner, absl::Time now,
                                                   absl::Time until) {
  std::vector<Hook> hooks;
  RETURN_IF_ERROR(pool_.Run("hooks_lease", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(
        transaction.Query(kTake, Params().AddText(owner).AddTimestamp(now).AddTimestamp(until)).status());
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kOwned, Params().AddText(owner).AddTimestamp(now)));
    hooks = FromRows(rows);
    return absl::OkStatus();
  }));
  return hooks;
}

absl::Status HookStore::ReleaseAll(const std::string& owner) {
  return pool_.Run("hooks_release", [&](Transaction& transaction) {
    return transaction.Query(kReleaseAll, Params().AddText(owner)).status();
  });
}

absl::Status HookStore::Touch(const Statement& statement, const Params& params) {
  return pool_.Run(statement.name, [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(statement, params));
    return rows.affected() == 1 ? absl::OkStatus()
                                : absl::AbortedError("the hook is another sender's by now");
  });
}

absl::Status HookStore::SetPending(const std::string& id, const std::string& owner,
                                   const HookMessage& message) {
  Params params = Of(id, owner);
  params.AddText(message.id).AddBytes(message.body);
  return Touch(kSetPending, params.AddInt64(message.next.sequence).AddInt32(message.next.offset));
}

absl::Status HookStore::SetSent(const std::string& id, const std::string& owner, absl::Time now) {
  return Touch(kSetSent, Of(id, owner).AddTimestamp(now));
}

absl::Status HookStore::SetNext(const std::string& id, const std::string& owner, const WatchPosition& next) {
  return Touch(kSetNext, Of(id, owner).AddInt64(next.sequence).AddInt32(next.offset));
}

absl::Status HookStore::SetError(const std::string& id, const std::string& owner, absl::string_view error) {
  return Touch(kSetError, Of(id, owner).AddText(error));
}

absl::Status HookStore::Stop(const std::string& id, const std::string& owner, absl::string_view why) {
  return Touch(kStop, Of(id, owner).AddText(why));
}

absl::Status HookStore::SetLost(const std::string& id, const std::string& owner, const WatchPosition& next,
                                absl::string_view why) {
  return Touch(kSetLost, Of(id, owner).AddInt64(next.sequence).AddInt32(next.offset).AddText(why));
}

}  // namespace cognate::feedback
