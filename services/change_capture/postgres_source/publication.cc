#include "services/change_capture/postgres_source/publication.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr size_t kMaxNameBytes = 63;
constexpr int kOldestServer = 120000;
constexpr int kPublishesRoots = 130000;  // publish_via_partition_root
constexpr int kFiltersRows = 150000;     // row filters and column lists of a publication

constexpr char kSelectServer[] = R"sql(
    SELECT current_setting('wal_level') AS wal_level, pg_is_in_recovery() AS standby
)sql";

constexpr char kTryLock[] = R"sql(
    SELECT pg_try_advisory_lock(hashtextextended($1, 7400))
)sql";

constexpr char kSelectSlot[] = R"sql(
    SELECT active, COALESCE((to_jsonb(s) ->> 'wal_status') = 'lost', false) OR restart_lsn IS NULL AS lost,
           COALESCE(confirmed_flush_lsn - '0/0'::pg_lsn, 0)::int8 AS confirmed,
           COALESCE(database = current_database() AND plugin = 'pgoutput', false) AS of_this_database
    FROM pg_replication_slots s
    WHERE slot_name = $1
)sql";

constexpr char kDropSlot[] = R"sql(
    SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1
)sql";

constexpr char kSelectPublication[] = R"sql(
    SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate AS complete,
           COALESCE((to_jsonb(p) ->> 'pubviaroot')::bool, false) AS via_root
    FROM pg_publication p
    WHERE pubname = $1
)sql";

constexpr char kSelectPublished[] = R"sql(
    SELECT c.oid::int8, n.nspname::text, c.relname::text
    FROM pg_publication_rel r
    JOIN pg_publication p ON p.oid = r.prpubid
    JOIN pg_class c ON c.oid = r.prrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE p.pubname = $1
)sql";

constexpr char kSelectFiltered[] = R"sql(
    SELECT r.prrelid::int8
    FROM pg_publication_rel r
    JOIN pg_publication p ON p.oid = r.prpubid
    WHERE p.pubname = $1 AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)
)sql";

constexpr char kSelectType[] = R"sql(
    SELECT t.typtype::text, t.typbasetype::int8,
           CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem::int8 ELSE 0 END, t.typdelim::text
    FROM pg_type t
    WHERE t.oid::int8 = $1
)sql";

constexpr char kCurrentPosition[] = "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::int8";

absl::Status WithMending(const absl::Status& status, absl::string_view reason, absl::string_view sentence) {
  return Error(status.code(), reason, absl::StrCat(sentence, " (", postgres::ServerMessage(status), ")"));
}

// What concerns the connection and not this table.
bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsAborted(status);
}

absl::Status AddTable(postgres::Connection& source, absl::string_view publication, SourceTable* table) {
  // Tables that inherit from this one are tables of their own; partitions are not.
  const absl::Status status = source.Execute(
      absl::StrCat("SET lock_timeout = '5s'; ALTER PUBLICATION ", source.QuoteIdentifier(publication),
                   " ADD TABLE ", table->partitioned ? "" : "ONLY ", table->quoted_name));
  if (status.ok() || IsPassing(status)) return status;
  if (absl::IsPermissionDenied(status)) {
    table->obstacle = absl::StrCat(
        "the login may not publish it: make the login its owner, or have its owner run ALTER "
        "PUBLICATION ",
        source.QuoteIdentifier(publication), " ADD TABLE ", table->quoted_name);
  } else {
    table->obstacle = absl::StrCat("the server does not publish it (", postgres::ServerMessage(status), ")");
  }
  return absl::OkStatus();
}

absl::Status RemoveOthers(postgres::Connection& source, absl::string_view publication,
                          const std::vector<SourceTable>& tables) {
  ASSIGN_OR_RETURN(const postgres::Rows published,
                   source.QueryOnce(kSelectPublished, postgres::Params().AddText(publication)));
  for (int row = 0; row < published.size(); ++row) {
    const auto oid = static_cast<uint32_t>(published.GetInt64(row, 0));
    if (std::any_of(tables.begin(), tables.end(), [&](const SourceTable& table) { return table.oid == oid; }))
      continue;
    const std::string name = absl::StrCat(source.QuoteIdentifier(published.GetText(row, 1)), ".",
                                          source.QuoteIdentifier(published.GetText(row, 2)));
    const absl::Status status =
        source.Execute(absl::StrCat("SET lock_timeout = '5s'; ALTER PUBLICATION ",
                                    source.QuoteIdentifier(publication), " DROP TABLE ", name));
    // It only costs the source some work.
    if (!status.ok()) {
      log::Warn("a table that no sync needs stays published",
                {{"publication", publication}, {"table", name}, {"status", status}});
    }
  }
  return absl::OkStatus();
}

absl::Status RefuseFiltered(postgres::Connection& source, absl::string_view publication,
                            std::vector<SourceTable>* tables) {
  if (source.ServerVersion() < kFiltersRows) return absl::OkStatus();
  ASSIGN_OR_RETURN(const postgres::Rows filtered,
                   source.QueryOnce(kSelectFiltered, postgres::Params().AddText(publication)));
  for (int row = 0; row < filtered.size(); ++row) {
    for (SourceTable& table : *tables) {
      if (table.oid != static_cast<uint32_t>(filtered.GetInt64(row, 0)) || !table.obstacle.empty()) continue;
      table.obstacle =
          absl::StrCat("the publication ", publication,
                       " has it with a row filter or a column list: take these away with ALTER PUBLICATION");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string SlotName(absl::string_view platform) {
  std::string name = absl::StrCat("cognate_", absl::StrReplaceAll(platform, {{"-", "_"}}));
  if (name.size() <= kMaxNameBytes) return name;
  uint64_t digest = 14695981039346656037U;  // FNV-1a: the same in every process and version
  for (const char byte : name) digest = (digest ^ static_cast<uint8_t>(byte)) * 1099511628211U;
  const std::string suffix = absl::StrFormat("_%016x", digest);
  return absl::StrCat(name.substr(0, kMaxNameBytes - suffix.size()), suffix);
}

absl::Status CheckServer(postgres::Connection& source) {
  const auto refuse = [](absl::string_view sentence) {
    return Error(absl::StatusCode::kFailedPrecondition, "SOURCE_CANNOT_STREAM", sentence).ToStatus();
  };
  if (source.ServerVersion() < kOldestServer)
    return refuse("the server is older than PostgreSQL 12: upgrade it");
  ASSIGN_OR_RETURN(const postgres::Rows row, source.QueryOnce(kSelectServer, postgres::Params()));
  if (row.GetBool(0, 1)) return refuse("the server is a standby: connect to its primary");
  if (row.GetText(0, 0) == "logical") return absl::OkStatus();
  return refuse(absl::StrCat("wal_level is ", row.GetText(0, 0),
                             ": run ALTER SYSTEM SET wal_level = 'logical' and restart the server"));
}

absl::StatusOr<bool> TryLockSource(postgres::Connection& source, absl::string_view slot) {
  ASSIGN_OR_RETURN(const postgres::Rows row, source.QueryOnce(kTryLock, postgres::Params().AddText(slot)));
  return row.GetBool(0, 0);
}

absl::StatusOr<SlotFacts> FindSlot(postgres::Connection& source, absl::string_view slot) {
  ASSIGN_OR_RETURN(const postgres::Rows row, source.QueryOnce(kSelectSlot, postgres::Params().AddText(slot)));
  SlotFacts facts;
  if (row.empty()) return facts;
  facts.exists = true;
  facts.active = row.GetBool(0, 0);
  facts.lost = row.GetBool(0, 1);
  facts.confirmed = static_cast<pgoutput::Lsn>(row.GetInt64(0, 2));
  facts.of_this_database = row.GetBool(0, 3);
  return facts;
}

absl::Status DropSlot(postgres::Connection& source, absl::string_view slot) {
  return source.QueryOnce(kDropSlot, postgres::Params().AddText(slot)).status();
}

absl::Status EnsurePublication(postgres::Connection& source, absl::string_view publication, bool* made) {
  *made = false;
  ASSIGN_OR_RETURN(const postgres::Rows found,
                   source.QueryOnce(kSelectPublication, postgres::Params().AddText(publication)));
  const std::string name = source.QuoteIdentifier(publication);
  if (!found.empty()) {
    if (found.GetBool(0, 0)) return absl::OkStatus();
    return Error(
        absl::StatusCode::kFailedPrecondition, "SOURCE_PUBLICATION_INCOMPLETE",
        absl::StrCat("the publication ", publication, " leaves out some operations: run ALTER PUBLICATION ",
                     name, " SET (publish = 'insert, update, delete, truncate')"));
  }
  const char* const options =
      source.ServerVersion() >= kPublishesRoots ? " WITH (publish_via_partition_root = true)" : "";
  const absl::Status status = source.Execute(absl::StrCat("CREATE PUBLICATION ", name, options));
  if (absl::IsPermissionDenied(status)) {
    return WithMending(
        status, "SOURCE_PUBLICATION_DENIED",
        absl::StrCat("the login may not create the publication: run GRANT CREATE ON DATABASE for it, or "
                     "CREATE PUBLICATION ",
                     name, " FOR TABLE … as the owner of the tables"));
  }
  *made = status.ok();
  return status;
}

absl::Status DropPublication(postgres::Connection& source, absl::string_view publication) {
  return source.Execute(absl::StrCat("DROP PUBLICATION IF EXISTS ", source.QuoteIdentifier(publication)));
}

absl::Status PublishTables(postgres::Connection& source, absl::string_view publication,
                           std::vector<SourceTable>* tables) {
  ASSIGN_OR_RETURN(const postgres::Rows found,
                   source.QueryOnce(kSelectPublication, postgres::Params().AddText(publication)));
  const bool via_root = !found.empty() && found.GetBool(0, 1);
  for (SourceTable& table : *tables) {
    if (table.partitioned && !via_root && table.obstacle.empty()) {
      table.obstacle = absl::StrCat(
          "it is partitioned, and the publication has its partitions apart: with PostgreSQL 13 "
          "or newer run ALTER PUBLICATION ",
          source.QuoteIdentifier(publication), " SET (publish_via_partition_root = true)");
    }
    if (table.obstacle.empty() && !table.published) RETURN_IF_ERROR(AddTable(source, publication, &table));
  }
  RETURN_IF_ERROR(RemoveOthers(source, publication, *tables));
  return RefuseFiltered(source, publication, tables);
}

absl::StatusOr<std::optional<pgoutput::TypeRow>> ReadType(postgres::Connection& source, uint32_t oid) {
  ASSIGN_OR_RETURN(const postgres::Rows row,
                   source.QueryOnce(kSelectType, postgres::Params().AddInt64(static_cast<int64_t>(oid))));
  std::optional<pgoutput::TypeRow> type;
  if (row.empty()) return type;
  type.emplace();
  type->kind = row.GetText(0, 0).front();
  type->base = static_cast<uint32_t>(row.GetInt64(0, 1));
  type->element = static_cast<uint32_t>(row.GetInt64(0, 2));
  type->delimiter = row.GetText(0, 3).front();
  return type;
}

absl::StatusOr<pgoutput::Lsn> CurrentPosition(postgres::Connection& source) {
  ASSIGN_OR_RETURN(const postgres::Rows row, source.QueryOnce(kCurrentPosition, postgres::Params()));
  return static_cast<pgoutput::Lsn>(row.GetInt64(0, 0));
}

}  // namespace cognate::change_capture
