#include "services/platform_registry/sync_store.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/definition.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/leave_guard.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kSelectSync = {"select_sync", R"sql(
    SELECT name, definition::text, revision, create_time, update_time, broken, guard_state, guard_leaving_count,
           guard_record_count, guard_time
    FROM syncs
    WHERE name = $1 AND NOT deleted
)sql"};

const Statement kSelectSyncs = {"select_syncs", R"sql(
    SELECT name, definition::text, revision, create_time, update_time, broken, guard_state, guard_leaving_count,
           guard_record_count, guard_time
    FROM syncs
    WHERE name > $1 AND NOT deleted
    ORDER BY name
    LIMIT $2
)sql"};

const Statement kInsertSync = {"insert_sync", R"sql(
    INSERT INTO syncs AS s (name, source_model_id, target_model_id, definition, revision)
    SELECT $1, source.model_id, target.model_id, $6, $7
    FROM models source
    JOIN platforms sp ON sp.platform_id = source.platform_id AND sp.name = $2
    CROSS JOIN models target
    JOIN platforms tp ON tp.platform_id = target.platform_id AND tp.name = $4
    WHERE source.model = $3 AND target.model = $5
    ON CONFLICT (name, source_model_id, target_model_id) DO UPDATE
    SET definition = excluded.definition, revision = excluded.revision, deleted = false, create_time = now(),
        update_time = now(), broken = '', guard_state = 0, guard_leaving_count = 0, guard_record_count = 0,
        guard_time = NULL, guarded_definition = NULL
    RETURNING s.sync_id
)sql"};

const Statement kUpdateSync = {"update_sync", R"sql(
    UPDATE syncs
    SET definition = $2, revision = $3, update_time = now(), broken = ''
    WHERE name = $1 AND NOT deleted
    RETURNING sync_id
)sql"};

const Statement kDeleteSync = {"delete_sync", R"sql(
    UPDATE syncs
    SET deleted = true, revision = $2, update_time = now()
    WHERE name = $1 AND NOT deleted
    RETURNING sync_id
)sql"};

const Statement kSetBroken = {"set_sync_broken", R"sql(
    UPDATE syncs SET broken = $2 WHERE name = $1 AND NOT deleted
)sql"};

const Statement kSelectGuarded = {"select_guarded_sync", R"sql(
    SELECT guarded_definition::text FROM syncs WHERE name = $1 AND NOT deleted AND guarded_definition IS NOT NULL
)sql"};

const Statement kInsertRevision = {"insert_sync_revision", R"sql(
    INSERT INTO sync_revisions (sync_id, revision, definition, deleted)
    SELECT sync_id, revision, definition, deleted
    FROM syncs
    WHERE sync_id = $1
)sql"};

absl::StatusOr<v1::Sync> SyncFromRow(const Rows& rows, int row) {
  v1::Sync sync;
  RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 1), &sync));
  sync.set_name(SyncName(rows.GetText(row, 0)));
  sync.set_revision(rows.GetInt64(row, 2));
  sync.set_etag(absl::StrCat(sync.revision()));
  *sync.mutable_create_time() = ToTimestamp(rows.GetTimestamp(row, 3));
  *sync.mutable_update_time() = ToTimestamp(rows.GetTimestamp(row, 4));
  sync.set_broken(std::string(rows.GetText(row, 5)));
  if (rows.GetInt32(row, 6) != 0) {
    v1::LeaveGuard* const guard = sync.mutable_guard();
    guard->set_state(static_cast<v1::LeaveGuardState>(rows.GetInt32(row, 6)));
    guard->set_leaving_count(rows.GetInt64(row, 7));
    guard->set_record_count(rows.GetInt64(row, 8));
    *guard->mutable_time() = ToTimestamp(rows.GetTimestamp(row, 9));
  }
  return sync;
}

absl::StatusOr<std::vector<v1::Sync>> SelectMany(Transaction& transaction, absl::string_view after,
                                                 int64_t limit) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectSyncs, Params().AddText(after).AddInt64(limit)));
  std::vector<v1::Sync> syncs;
  for (int row = 0; row < rows.size(); ++row) {
    ASSIGN_OR_RETURN(v1::Sync sync, SyncFromRow(rows, row));
    syncs.push_back(std::move(sync));
  }
  return syncs;
}

absl::Status KeepRevision(Transaction& transaction, const Rows& changed) {
  return transaction.Query(kInsertRevision, Params().AddInt32(changed.GetInt32(0, 0))).status();
}

// Judges the sync within the configuration as it would be with it.
absl::Status CheckWithin(ConfigurationCache& configurations, Transaction& transaction,
                         CheckSyncFunction check, v1::Sync& sync, std::vector<std::string>* warnings) {
  return configurations.WithSync(transaction, v1::Sync(sync), [&](const ConfigurationCache::View& view) {
    return check(view.configuration, sync, warnings);
  });
}

absl::Status Insert(Transaction& transaction, absl::string_view id, const v1::Sync& sync) {
  ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
  ASSIGN_OR_RETURN(const std::string definition, SyncDefinition(sync));
  Params params;
  params.AddText(id).AddText(sync.source_platform()).AddText(sync.source_model());
  params.AddText(sync.target_platform()).AddText(sync.target_model()).AddJsonb(definition).AddInt64(revision);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kInsertSync, params));
  if (rows.empty()) return ModelNotFound(sync.target_platform(), sync.target_model());
  return KeepRevision(transaction, rows);
}

}  // namespace

absl::StatusOr<v1::Sync> SelectSync(Transaction& transaction, absl::string_view id) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectSync, Params().AddText(id)));
  if (rows.empty()) return SyncNotFound(id);
  return SyncFromRow(rows, 0);
}

absl::StatusOr<v1::CreateSyncResponse> SyncStore::Create(const v1::Sync& wanted, const CreateRequest& request,
                                                         CheckSyncFunction check) {
  bool judged = false;
  absl::StatusOr<v1::CreateSyncResponse> created = CreateOnce<v1::CreateSyncResponse>(
      pool_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::CreateSyncResponse> {
        ASSIGN_OR_RETURN(const std::string id, ParseSyncName(wanted.name(), "sync.name"));
        if (SelectSync(transaction, id).ok()) return SyncAlreadyExists(id);
        v1::Sync sync = wanted;
        std::vector<std::string> warnings;
        RETURN_IF_ERROR(CheckWithin(configurations_, transaction, check, sync, &warnings));
        RETURN_IF_ERROR(Insert(transaction, id, sync));
        // It may tell where a broken one's references lead.
        RETURN_IF_ERROR(RefreshBroken(configurations_, transaction, &judged).status());
        v1::CreateSyncResponse response;
        ASSIGN_OR_RETURN(*response.mutable_sync(), SelectSync(transaction, id));
        response.mutable_warnings()->Assign(warnings.begin(), warnings.end());
        return response;
      });
  if (created.ok() && judged) configurations_.SetJudged();
  return created;
}

absl::StatusOr<v1::Sync> SyncStore::Get(absl::string_view id) {
  v1::Sync sync;
  RETURN_IF_ERROR(pool_.Run("get_sync", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(sync, SelectSync(transaction, id));
    return absl::OkStatus();
  }));
  return sync;
}

absl::StatusOr<std::vector<v1::Sync>> SyncStore::List(const Page& page) {
  std::vector<v1::Sync> syncs;
  RETURN_IF_ERROR(pool_.Run("list_syncs", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(syncs, SelectMany(transaction, page.after, page.size + 1));
    return absl::OkStatus();
  }));
  return syncs;
}

absl::StatusOr<Configuration> SyncStore::Configured(absl::string_view guarded) {
  Configuration configuration;
  RETURN_IF_ERROR(pool_.InTransaction("load_configuration", [&](Transaction& transaction) -> absl::Status {
    // All tables as they were at one moment.
    RETURN_IF_ERROR(transaction.Execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    ASSIGN_OR_RETURN(configuration, configurations_.Copy(transaction));
    if (guarded.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectGuarded, Params().AddText(guarded)));
    if (rows.empty()) return SyncNotFound(guarded);
    v1::Sync before;
    RETURN_IF_ERROR(FromDefinition(rows.GetText(0, 0), &before));
    before.set_name(SyncName(guarded));
    configuration.PutSync(before);
    return absl::OkStatus();
  }));
  return configuration;
}

absl::StatusOr<v1::UpdateSyncResponse> SyncStore::Update(absl::string_view id, absl::string_view etag,
                                                         absl::FunctionRef<void(v1::Sync&)> change,
                                                         CheckSyncFunction check) {
  v1::UpdateSyncResponse response;
  RETURN_IF_ERROR(pool_.InTransaction("update_sync", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const v1::Sync before, SelectSync(transaction, id));
    v1::Sync sync = before;
    if (!etag.empty() && etag != sync.etag()) return EtagMismatch(sync.name(), sync.etag());
    change(sync);
    std::vector<std::string> warnings;
    RETURN_IF_ERROR(CheckWithin(configurations_, transaction, check, sync, &warnings));
    ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
    ASSIGN_OR_RETURN(const std::string definition, SyncDefinition(sync));
    Params params;
    params.AddText(id).AddJsonb(definition).AddInt64(revision);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kUpdateSync, params));
    RETURN_IF_ERROR(KeepRevision(transaction, rows));
    RETURN_IF_ERROR(GuardChange(transaction, id, before, sync));
    ASSIGN_OR_RETURN(*response.mutable_sync(), SelectSync(transaction, id));
    response.mutable_warnings()->Assign(warnings.begin(), warnings.end());
    return absl::OkStatus();
  }));
  return response;
}

absl::Status SyncStore::Delete(absl::string_view id, absl::string_view etag) {
  bool judged = false;
  RETURN_IF_ERROR(pool_.InTransaction("delete_sync", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const v1::Sync current, SelectSync(transaction, id));
    if (!etag.empty() && etag != current.etag()) return EtagMismatch(current.name(), current.etag());
    ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
    ASSIGN_OR_RETURN(const Rows rows,
                     transaction.Query(kDeleteSync, Params().AddText(id).AddInt64(revision)));
    RETURN_IF_ERROR(KeepRevision(transaction, rows));
    // It may have told where another's references lead.
    return RefreshBroken(configurations_, transaction, &judged).status();
  }));
  if (judged) configurations_.SetJudged();
  return absl::OkStatus();
}

absl::StatusOr<v1::Sync> SyncStore::Touch(
    absl::string_view name, absl::string_view id, absl::string_view etag,
    absl::FunctionRef<absl::Status(postgres::Transaction&, const v1::Sync&)> act) {
  v1::Sync sync;
  RETURN_IF_ERROR(pool_.InTransaction(name, [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(sync, SelectSync(transaction, id));
    if (!etag.empty() && etag != sync.etag()) return EtagMismatch(sync.name(), sync.etag());
    RETURN_IF_ERROR(act(transaction, sync));
    ASSIGN_OR_RETURN(sync, SelectSync(transaction, id));
    return absl::OkStatus();
  }));
  return sync;
}

absl::StatusOr<std::vector<v1::SyncDrift>> RefreshBroken(ConfigurationCache& configurations,
                                                         Transaction& transaction, bool* judged) {
  std::vector<v1::SyncDrift> drifts;
  RETURN_IF_ERROR(configurations.With(transaction, [&](const ConfigurationCache::View& view) {
    for (const auto& [name, sync] : view.configuration.syncs) {
      if (!view.own.Has(sync)) continue;
      std::string broken = WhyBroken(view.configuration, sync);
      if (broken == sync.broken()) continue;
      v1::SyncDrift& drift = drifts.emplace_back();
      drift.set_sync(name);
      drift.set_broken(std::move(broken));
    }
    return absl::OkStatus();
  }));
  for (const v1::SyncDrift& drift : drifts) {
    ASSIGN_OR_RETURN(const std::string id, ParseSyncName(drift.sync(), "sync"));
    RETURN_IF_ERROR(transaction.Query(kSetBroken, Params().AddText(id).AddText(drift.broken())).status());
  }
  *judged = true;
  return drifts;
}

absl::StatusOr<std::string> SyncDefinition(v1::Sync sync) {
  sync.clear_name();
  sync.clear_revision();
  sync.clear_etag();
  sync.clear_create_time();
  sync.clear_update_time();
  sync.clear_broken();
  sync.clear_guard();
  return ToDefinition(sync);
}

absl::StatusOr<std::vector<v1::Sync>> SelectAllSyncs(Transaction& transaction) {
  return SelectMany(transaction, "", std::numeric_limits<int64_t>::max());
}

}  // namespace cognate::platform_registry
