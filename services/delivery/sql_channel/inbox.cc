#include "services/delivery/sql_channel/inbox.h"

#include "absl/strings/str_cat.h"
#include "cognate/bus/v1/written_records.pb.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

constexpr char kHasSchema[] =
    "SELECT pg_catalog.to_regnamespace('cognate') IS NOT NULL, current_user::text, "
    "current_database()::text";

constexpr char kHasTable[] = "SELECT pg_catalog.to_regclass('cognate.inbox') IS NOT NULL";

constexpr char kCreateSchema[] = "CREATE SCHEMA IF NOT EXISTS cognate";

// Half of each page is left for the next versions of its rows: they are written in place then, without the
// index.
constexpr char kCreateTable[] = R"sql(
    CREATE TABLE IF NOT EXISTS cognate.inbox (
      entity_id  uuid NOT NULL,
      model      text NOT NULL,
      local_id   text NOT NULL,
      version    bigint NOT NULL,
      complete   boolean NOT NULL,
      deleted    boolean NOT NULL,
      written_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (entity_id, model)
    ) WITH (fillfactor = 50);
    COMMENT ON TABLE cognate.inbox IS
      'Which version of each record Cognate has written here. Without it records would be created twice: do not empty it.'
)sql";

constexpr char kHasIndex[] =
    "SELECT pg_catalog.to_regclass('cognate.inbox_by_local_id') IS NOT NULL, current_user::text";

constexpr char kCreateIndex[] =
    "CREATE INDEX IF NOT EXISTS inbox_by_local_id ON cognate.inbox (model, local_id)";

constexpr char kMayUse[] =
    "SELECT pg_catalog.has_table_privilege('cognate.inbox', 'SELECT') AND "
    "pg_catalog.has_table_privilege('cognate.inbox', 'INSERT') AND "
    "pg_catalog.has_table_privilege('cognate.inbox', 'UPDATE')";

// Each statement sees what was committed before it began: the inbox is read after the lock was taken,
// whatever the target's own default is.
const postgres::Statement kBegin = {"deliveries_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
const postgres::Statement kLock = {"deliveries_lock",
                                   "SELECT pg_catalog.pg_advisory_xact_lock(7236552801449881)"};
const postgres::Statement kSetLockTimeout = {"deliveries_lock_timeout",
                                             "SELECT pg_catalog.set_config('lock_timeout', $1, true)"};
const postgres::Statement kCommit = {"deliveries_commit", "COMMIT"};

const postgres::Statement kReadInbox = {"inbox_read", R"sql(
    SELECT u.ord, i.local_id, i.version, i.complete, i.deleted
    FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u(entity_id, model, ord)
    CROSS JOIN LATERAL (
      SELECT i.local_id, i.version, i.complete, i.deleted
      FROM cognate.inbox i
      WHERE i.entity_id = u.entity_id AND i.model = u.model
      LIMIT 1
    ) AS i
)sql"};

// Nobody else writes (kLock), so that what was not there is not there now: no upsert, which costs
// twice as much.
const postgres::Statement kInsertInbox = {"inbox_insert", R"sql(
    INSERT INTO cognate.inbox (entity_id, model, local_id, version, complete, deleted)
    SELECT u.entity_id, u.model, u.local_id, u.version, u.complete, u.deleted
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int8[], $5::bool[], $6::bool[])
      AS u(entity_id, model, local_id, version, complete, deleted)
)sql"};

const postgres::Statement kUpdateInbox = {"inbox_update", R"sql(
    UPDATE cognate.inbox AS i
    SET local_id = u.local_id, version = u.version, complete = u.complete, deleted = u.deleted, written_at = now()
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int8[], $5::bool[], $6::bool[])
      AS u(entity_id, model, local_id, version, complete, deleted)
    WHERE i.entity_id = u.entity_id AND i.model = u.model
      AND (i.version < u.version OR (i.version = u.version AND NOT i.complete))
)sql"};

// Any login may call it.
const postgres::Statement kAnnounce = {"deliveries_announce", R"sql(
    SELECT pg_catalog.pg_logical_emit_message(true, 'cognate', $1::bytea)
)sql"};

absl::Status Unusable(absl::string_view what, absl::string_view grant) {
  return Error(absl::StatusCode::kPermissionDenied, "INBOX_UNUSABLE",
               absl::StrCat("the login may not ", what, ": run `", grant, "` on the target"));
}

// What a missing right is called by the grant that gives it; other errors as they are.
absl::Status WithGrant(absl::Status status, absl::string_view what, absl::string_view grant) {
  return postgres::SqlState(status) == "42501" ? Unusable(what, grant) : status;
}

postgres::Params InboxParams(const std::vector<const InboxRow*>& rows) {
  std::vector<Uuid> entities;
  std::vector<absl::string_view> models, local_ids;
  std::vector<int64_t> versions;
  std::vector<bool> complete, deleted;
  for (const InboxRow* row : rows) {
    entities.push_back(row->entity_id);
    models.push_back(row->model);
    local_ids.push_back(row->local_id);
    versions.push_back(row->version);
    complete.push_back(row->complete);
    deleted.push_back(row->deleted);
  }
  postgres::Params params;
  params.AddUuidArray(postgres::Params::Many<Uuid>(entities));
  params.AddTextArray(postgres::Params::Many<absl::string_view>(models));
  params.AddTextArray(postgres::Params::Many<absl::string_view>(local_ids));
  params.AddInt64Array(postgres::Params::Many<int64_t>(versions));
  params.AddBoolArray(complete);
  params.AddBoolArray(deleted);
  return params;
}

postgres::Params Announcement(const std::vector<const InboxRow*>& fresh,
                              const std::vector<const InboxRow*>& known) {
  bus::v1::WrittenRecords written;
  for (const std::vector<const InboxRow*>* rows : {&fresh, &known}) {
    for (const InboxRow* row : *rows) {
      if (row->local_id.empty()) continue;
      bus::v1::WrittenRecord& record = *written.add_records();
      record.set_model(std::string(row->model));
      record.set_local_id(row->local_id);
      record.set_entity_id(std::string(row->entity_id.AsBytes()));
      record.set_version(row->version);
    }
  }
  postgres::Params params;
  params.AddBytes(written.SerializeAsString());
  return params;
}

}  // namespace

absl::Status EnsureInbox(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Rows schema, connection.QueryOnce(kHasSchema, {}));
  const std::string user = connection.QuoteIdentifier(schema.GetText(0, 1));
  if (!schema.GetBool(0, 0)) {
    RETURN_IF_ERROR(WithGrant(connection.Execute(kCreateSchema), "create the schema cognate for its inbox",
                              absl::StrCat("GRANT CREATE ON DATABASE ",
                                           connection.QuoteIdentifier(schema.GetText(0, 2)), " TO ", user)));
  }
  const std::string use_schema = absl::StrCat("GRANT USAGE, CREATE ON SCHEMA cognate TO ", user);
  absl::StatusOr<postgres::Rows> table = connection.QueryOnce(kHasTable, {});
  if (!table.ok()) return WithGrant(table.status(), "use the schema cognate", use_schema);
  if (!table->GetBool(0, 0)) {
    RETURN_IF_ERROR(
        WithGrant(connection.Execute(kCreateTable), "create the table cognate.inbox", use_schema));
  }
  absl::StatusOr<postgres::Rows> may_use = connection.QueryOnce(kMayUse, {});
  if (!may_use.ok()) return WithGrant(may_use.status(), "use the schema cognate", use_schema);
  if (may_use->GetBool(0, 0)) return absl::OkStatus();
  return Unusable("write to the table cognate.inbox",
                  absl::StrCat("GRANT SELECT, INSERT, UPDATE ON cognate.inbox TO ", user));
}

absl::Status EnsureInboxIndex(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Rows index, connection.QueryOnce(kHasIndex, {}));
  if (index.GetBool(0, 0)) return absl::OkStatus();
  return WithGrant(
      connection.Execute(kCreateIndex), "make an index of the table cognate.inbox",
      absl::StrCat("ALTER TABLE cognate.inbox OWNER TO ", connection.QuoteIdentifier(index.GetText(0, 1))));
}

absl::Status BeginDeliveries(postgres::Connection& connection, absl::Duration lock_timeout,
                             std::vector<InboxRow>* rows) {
  std::vector<Uuid> entities;
  std::vector<absl::string_view> models;
  for (const InboxRow& row : *rows) {
    entities.push_back(row.entity_id);
    models.push_back(row.model);
  }
  postgres::Params params;
  params.AddUuidArray(postgres::Params::Many<Uuid>(entities));
  params.AddTextArray(postgres::Params::Many<absl::string_view>(models));
  postgres::Params timeout;
  timeout.AddText(absl::StrCat(absl::ToInt64Milliseconds(lock_timeout)));
  std::vector<postgres::Connection::Call> calls = {{&kBegin}, {&kLock}};
  if (lock_timeout != absl::ZeroDuration()) calls.push_back({&kSetLockTimeout, &timeout});
  calls.push_back({&kReadInbox, &params});
  std::vector<postgres::Rows> answers;
  RETURN_IF_ERROR(connection.QueryTogether(calls, &answers));
  const postgres::Rows& found = answers.back();
  for (int i = 0; i < found.size(); ++i) {
    InboxRow& row = (*rows)[static_cast<size_t>(found.GetInt64(i, 0) - 1)];
    row.local_id = std::string(found.GetText(i, 1));
    row.version = found.GetInt64(i, 2);
    row.complete = found.GetBool(i, 3);
    row.deleted = found.GetBool(i, 4);
    row.known = true;
  }
  return absl::OkStatus();
}

absl::Status CommitDeliveries(postgres::Connection& connection, const std::vector<const InboxRow*>& fresh,
                              const std::vector<const InboxRow*>& known, bool announce, bool* inbox_failed) {
  const postgres::Params insert = InboxParams(fresh);
  const postgres::Params update = InboxParams(known);
  std::vector<postgres::Connection::Call> calls;
  if (!fresh.empty()) calls.push_back({&kInsertInbox, &insert});
  if (!known.empty()) calls.push_back({&kUpdateInbox, &update});
  const postgres::Params announcement = announce ? Announcement(fresh, known) : postgres::Params();
  if (announce && fresh.size() + known.size() > 0) calls.push_back({&kAnnounce, &announcement});
  calls.push_back({&kCommit});
  std::vector<postgres::Rows> answers;
  const absl::Status status = connection.QueryTogether(calls, &answers);
  *inbox_failed = !status.ok() && answers.size() + 1 < calls.size();
  return status;
}

}  // namespace cognate::delivery
