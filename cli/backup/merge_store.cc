#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/backup/merge.h"
#include "cli/backup/schemas.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::backup {
namespace {

using postgres::Rows;

constexpr size_t kShownConflicts = 20;

absl::Status RunAll(postgres::Connection& connection, const std::vector<std::string>& statements,
                    int64_t* affected = nullptr) {
  for (const std::string& sql : statements) {
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(sql));
    if (affected != nullptr) *affected = rows.affected();
  }
  return absl::OkStatus();
}

// Inserts what is missing; raises what is older.
std::string MergeSql(postgres::Connection& connection, const Table& table,
                     const std::vector<std::string>& columns) {
  const std::vector<std::string> keys = absl::StrSplit(table.key, ", ");
  std::vector<std::string> all, given, set;
  for (const std::string& column : columns) {
    const std::string quoted = connection.QuoteIdentifier(column);
    all.push_back(quoted);
    given.push_back("s." + quoted);
    if (std::find(keys.begin(), keys.end(), column) == keys.end())
      set.push_back(absl::StrCat(quoted, " = excluded.", quoted));
  }
  const std::string otherwise =
      table.merge == Merge::kNewer
          ? absl::StrCat("(", table.key, ") DO UPDATE SET ", absl::StrJoin(set, ", "), " WHERE excluded.",
                         table.newer_by, " > t.", table.newer_by)
          : "DO NOTHING";
  return absl::StrCat("INSERT INTO ", table.Full(), " AS t (", absl::StrJoin(all, ", "),
                      ") OVERRIDING SYSTEM VALUE SELECT ", absl::StrJoin(given, ", "), " FROM ",
                      table.Staged(), " s WHERE ", table.where.empty() ? "true" : table.where,
                      " ORDER BY s.ctid ON CONFLICT ", otherwise);
}

absl::Status AddConflicts(postgres::Connection& connection, const Table& table, PartOutcome* part,
                          Outcome* outcome) {
  for (const std::string& sql : table.conflicts) {
    ASSIGN_OR_RETURN(const Rows count,
                     connection.QueryText(absl::StrCat("SELECT count(*)::text FROM (", sql, ") c")));
    int64_t found = 0;
    if (!absl::SimpleAtoi(count.GetText(0, 0), &found)) return absl::InternalError("no number");
    if (found == 0) continue;
    part->conflicts += found;
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(absl::StrCat(sql, " LIMIT ", kShownConflicts)));
    for (int row = 0; row < rows.size() && outcome->conflict_lines.size() < kShownConflicts; ++row)
      outcome->conflict_lines.emplace_back(rows.GetText(row, 0));
  }
  return absl::OkStatus();
}

// Sources whose position came out of the file.
constexpr char kSources[] = R"sql(
    SELECT format('%s goes on from its position in the file if its replication slot still stands there; otherwise every table is read anew by itself: see `cognate status`', x.platform)
    FROM change_capture.sources x
    JOIN staged_change_capture_sources s USING (platform, owner, confirmed_position)
    WHERE x.system_identifier <> ''
    ORDER BY x.platform)sql";

constexpr char kAgents[] = R"sql(
    SELECT format('%s is captured by its agent: what it has sent since the backup is not here; have it send all its records again', p.name)
    FROM platform_registry.platforms p
    JOIN staged_platform_registry_platforms s USING (platform_id, name)
    WHERE p.capture_mode = 'CAPTURE_MODE_AGENT'
      AND EXISTS (SELECT FROM platform_registry.models m
                  JOIN platform_registry.syncs y ON y.source_model_id = m.model_id AND NOT y.deleted
                  WHERE m.platform_id = p.platform_id)
    ORDER BY p.name)sql";

constexpr char kNoNaturalKeys[] = R"sql(
    SELECT format('sync %s names no natural keys: a record that was made since the backup is delivered as a new one, beside what the target got then', y.name)
    FROM platform_registry.syncs y
    JOIN staged_platform_registry_syncs s USING (sync_id, name)
    WHERE NOT y.deleted AND coalesce(jsonb_array_length(y.definition -> 'natural_keys'), 0) = 0
    ORDER BY y.name)sql";

// Whoever was shut out since the backup is in again.
constexpr char kKeys[] = R"sql(
    SELECT format('key %s (%s, %s%s) came: revoke it with `cognate key revoke` if that was done since the backup', k.key_id,
                  coalesce(nullif(k.display_name, ''), 'without a name'),
                  lower(replace(k.role, 'ROLE_', '')), ' of ' || k.platform)
    FROM platform_registry.keys k
    JOIN staged_new_keys USING (key_id)
    WHERE k.revoke_time IS NULL AND (k.expire_time IS NULL OR k.expire_time > now())
    ORDER BY k.create_time, k.key_id)sql";

constexpr char kAudit[] = R"sql(
    SELECT format('%s entries of the file''s audit stay out: this cluster has begun one of its own, and two cannot be made one; keep the file', count(*))
    FROM staged_feedback_audit_entries s
    WHERE NOT EXISTS (SELECT FROM feedback.audit_entries x WHERE x.sequence = s.sequence AND x.hash = s.hash)
    HAVING count(*) > 0)sql";

}  // namespace

absl::Status LockTables(postgres::Connection& connection) {
  std::vector<std::string> names;
  for (const Table& table : AllTables()) names.push_back(table.Full());
  const absl::Status locked = connection.Execute(
      absl::StrCat("LOCK TABLE ", absl::StrJoin(names, ", "), " IN ACCESS EXCLUSIVE MODE"));
  if (locked.ok() || absl::IsUnavailable(locked)) return locked;
  if (absl::IsPermissionDenied(locked)) return locked;
  return Error(absl::StatusCode::kFailedPrecondition, "SERVICES_RUNNING",
               absl::StrCat("somebody uses the tables (", locked.message(),
                            "): stop every service, restore, and start them again"));
}

absl::Status CheckLineage(postgres::Connection& connection, const Table& table) {
  for (const std::string& sql : table.refusals) {
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(sql));
    if (rows.empty() || rows.IsNull(0, 0)) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "BACKUP_OF_ANOTHER_CLUSTER",
                 absl::StrCat("the backup is of another cluster than this one (", rows.GetText(0, 0),
                              "): restore it into an empty one"));
  }
  return absl::OkStatus();
}

absl::Status PrepareTable(postgres::Connection& connection, const Table& table) {
  return RunAll(connection, table.before);
}

absl::StatusOr<PartOutcome> MergeTable(postgres::Connection& connection, const Table& table,
                                       const std::vector<std::string>& columns, Outcome* outcome) {
  PartOutcome part;
  part.part = table.Full();
  RETURN_IF_ERROR(AddConflicts(connection, table, &part, outcome));
  if (table.merge == Merge::kOwn) {
    RETURN_IF_ERROR(RunAll(connection, table.own, &part.restored));
  } else {
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(MergeSql(connection, table, columns)));
    part.restored = rows.affected();
  }
  for (const std::string& sql : table.after) {
    int64_t raised = 0;
    RETURN_IF_ERROR(RunAll(connection, {sql}, &raised));
    part.restored += raised;
  }
  return part;
}

absl::Status AddNotes(postgres::Connection& connection, Outcome* outcome) {
  for (const char* sql : {kSources, kAgents, kNoNaturalKeys, kKeys, kAudit}) {
    ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(sql));
    for (int row = 0; row < rows.size(); ++row) outcome->notes.emplace_back(rows.GetText(row, 0));
  }
  return absl::OkStatus();
}

absl::Status FinishTable(postgres::Connection& connection, const Table& table) {
  ASSIGN_OR_RETURN(const std::string column, IdentityColumn(connection, table));
  if (!column.empty()) {
    const std::string sequence = absl::StrCat("pg_get_serial_sequence('", table.Full(), "', '", column, "')");
    RETURN_IF_ERROR(connection
                        .QueryText(absl::StrCat("SELECT setval(", sequence, ", greatest(nextval(", sequence,
                                                "), (SELECT max(", column, ") FROM ", table.Full(), ")))"))
                        .status());
  }
  return RunAll(connection, table.last);
}

}  // namespace cognate::backup
