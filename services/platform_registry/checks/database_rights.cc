#include "services/platform_registry/checks/database_rights.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using postgres::Connection;
using postgres::Rows;

// Of a name that is longer, slots and publications have the beginning and a digest (change_capture).
constexpr size_t kWholeName = 63;
constexpr size_t kCutName = 46;

struct Lack {
  std::string reason;
  std::string what;
  std::string fix;
};
using Lacks = std::vector<Lack>;

// By the catalogue's own tables, which everybody may read: to_regclass wants rights on the schema.
constexpr char kSelectTarget[] = R"sql(
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')::bool,
           pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(current_database()),
           n.oid IS NOT NULL, t.oid IS NOT NULL,
           pg_catalog.has_database_privilege(current_database(), 'CREATE'),
           COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
           COALESCE(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),
           COALESCE(pg_catalog.has_table_privilege(t.oid, 'SELECT') AND pg_catalog.has_table_privilege(t.oid, 'INSERT')
                    AND pg_catalog.has_table_privilege(t.oid, 'UPDATE'), false)
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'cognate'
    LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = 'inbox'
)sql";

// rds_replication: what stands for the right where nobody is given it.
constexpr char kSelectSource[] = R"sql(
    SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('wal_level'),
           pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(current_database()),
           EXISTS (SELECT 1 FROM pg_catalog.pg_roles r
                   WHERE (r.rolname = current_user AND (r.rolreplication OR r.rolsuper))
                      OR (r.rolname = 'rds_replication' AND pg_catalog.pg_has_role(r.oid, 'MEMBER'))),
           EXISTS (SELECT 1 FROM pg_catalog.pg_replication_slots s WHERE left(s.slot_name::text, $2::int) = $1),
           pg_catalog.current_setting('max_replication_slots')::int,
           (SELECT count(*)::int FROM pg_catalog.pg_replication_slots),
           EXISTS (SELECT 1 FROM pg_catalog.pg_publication p WHERE left(p.pubname::text, $2::int) = $1),
           pg_catalog.has_database_privilege(current_database(), 'CREATE'),
           COALESCE((SELECT min(s.slot_name::text) FROM pg_catalog.pg_replication_slots s WHERE NOT s.active), '')
)sql";

absl::StatusOr<Lacks> TargetLacks(Connection& connection) {
  ASSIGN_OR_RETURN(const Rows row, connection.QueryOnce(kSelectTarget, {}));
  const std::string user(row.GetText(0, 2)), database(row.GetText(0, 3));
  Lacks lacks;
  if (row.GetBool(0, 0)) {
    lacks.push_back(
        {"DATABASE_READ_ONLY", "the server is a standby, which takes no writes",
         "give the platform the URI of the primary, or several hosts and target_session_attrs=read-write"});
  } else if (row.GetBool(0, 1)) {
    lacks.push_back({"DATABASE_READ_ONLY", "transactions of this login are read only",
                     StrCat("ALTER ROLE ", user, " SET default_transaction_read_only = off;")});
  }
  const bool has_schema = row.GetBool(0, 4), has_table = row.GetBool(0, 5);
  if (!has_schema && !row.GetBool(0, 6)) {
    lacks.push_back({"INBOX_UNUSABLE", "the login may not create the schema cognate for its inbox",
                     StrCat("GRANT CREATE ON DATABASE ", database, " TO ", user, ";")});
  }
  if (has_schema && !(row.GetBool(0, 7) && (has_table || row.GetBool(0, 8)))) {
    lacks.push_back({"INBOX_UNUSABLE", "the login may not use the schema cognate",
                     StrCat("GRANT USAGE, CREATE ON SCHEMA cognate TO ", user, ";")});
  }
  if (has_table && !row.GetBool(0, 9)) {
    lacks.push_back({"INBOX_UNUSABLE", "the login may not write to the table cognate.inbox",
                     StrCat("GRANT SELECT, INSERT, UPDATE ON cognate.inbox TO ", user, ";")});
  }
  return lacks;
}

Lack NoFreeSlot(const Rows& row) {
  const int slots = row.GetInt32(0, 6);
  const std::string idle(row.GetText(0, 10));
  return {"NO_FREE_SLOT", StrCat("all ", slots, " replication slots of the server are taken"),
          StrCat("ALTER SYSTEM SET max_replication_slots = ", slots + 10, "; -- and restart the server",
                 idle.empty()
                     ? ""
                     : StrCat("; or, if nobody needs it: SELECT pg_drop_replication_slot('", idle, "');"))};
}

absl::StatusOr<Lacks> SourceLacks(Connection& connection, absl::string_view platform) {
  constexpr int kOldestServer = 120000;
  std::string name = StrCat("cognate_", absl::StrReplaceAll(platform, {{"-", "_"}}));
  const size_t compared = name.size() <= kWholeName ? kWholeName : kCutName;
  if (name.size() > compared) name.resize(compared);
  ASSIGN_OR_RETURN(const Rows row,
                   connection.QueryOnce(kSelectSource, postgres::Params().AddText(name).AddInt32(
                                                           static_cast<int32_t>(compared))));
  const std::string user(row.GetText(0, 2)), database(row.GetText(0, 3));
  Lacks lacks;
  if (connection.ServerVersion() < kOldestServer)
    lacks.push_back({"SOURCE_CANNOT_STREAM", "the server is older than PostgreSQL 12", "upgrade it"});
  if (row.GetBool(0, 0)) {
    lacks.push_back(
        {"SOURCE_CANNOT_STREAM", "the server is a standby", "give the platform the URI of its primary"});
  }
  if (row.GetText(0, 1) != "logical") {
    lacks.push_back({"SOURCE_CANNOT_STREAM", StrCat("wal_level is ", row.GetText(0, 1), ", want logical"),
                     "ALTER SYSTEM SET wal_level = 'logical'; -- and restart the server"});
  }
  if (!row.GetBool(0, 4)) {
    lacks.push_back({"REPLICATION_DENIED", StrCat("the login ", user, " has no REPLICATION right"),
                     StrCat("ALTER ROLE ", user, " REPLICATION;")});
  }
  if (!row.GetBool(0, 5) && row.GetInt32(0, 7) >= row.GetInt32(0, 6)) lacks.push_back(NoFreeSlot(row));
  if (!row.GetBool(0, 8) && !row.GetBool(0, 9)) {
    lacks.push_back({"SOURCE_PUBLICATION_DENIED",
                     "the login may not make the publication of what is captured",
                     StrCat("GRANT CREATE ON DATABASE ", database, " TO ", user, ";")});
  }
  return lacks;
}

}  // namespace

absl::StatusOr<Finding> LookAtRights(Connection& connection, const v1::Platform& platform) {
  Lacks lacks;
  std::vector<std::string> seen;
  if (platform.channel() == v1::CHANNEL_SQL) {
    ASSIGN_OR_RETURN(lacks, TargetLacks(connection));
    seen.emplace_back("can be written to");
  }
  if (platform.capture_mode() == v1::CAPTURE_MODE_REPLICATION) {
    ASSIGN_OR_RETURN(const Lacks as_source,
                     SourceLacks(connection, absl::StripPrefix(platform.name(), "platforms/")));
    lacks.insert(lacks.end(), as_source.begin(), as_source.end());
    seen.emplace_back("can be followed");
  }
  if (lacks.empty())
    return Fine(seen.empty() ? "none beyond reading are needed" : absl::StrJoin(seen, " and "));
  std::vector<std::string> whats, fixes;
  for (const Lack& lack : lacks) {
    whats.push_back(lack.what);
    fixes.push_back(lack.fix);
  }
  return Failed(lacks[0].reason, absl::StrJoin(whats, "; "), absl::StrJoin(fixes, "\n"));
}

}  // namespace cognate::platform_registry
