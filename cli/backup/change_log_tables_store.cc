#include "cli/backup/backup_tables.h"

namespace cognate::backup {
namespace {

constexpr char kSchema[] = "change_capture";

constexpr char kLeapVersions[] = R"sql(
    UPDATE change_capture.version_counter t
    SET version = pg_temp.beyond(s.version)
    FROM staged_change_capture_version_counter s
    WHERE s.version > t.version)sql";

// Whoever still holds a batch of before must not acknowledge another one with its number.
constexpr char kLeapBatches[] =
    "SELECT setval(pg_get_serial_sequence('change_capture.batches', 'batch_id'), "
    "pg_temp.beyond(nextval(pg_get_serial_sequence('change_capture.batches', 'batch_id'))))";

constexpr char kSame[] =
    "(c.model_id, c.local_id, c.operation, c.fields) IS NOT DISTINCT FROM (s.model_id, s.local_id, "
    "s.operation, s.fields)";

}  // namespace

const std::vector<Table>& ChangeLogTables() {
  static const std::vector<Table> kTables = {
      {.schema = kSchema,
       .name = "platforms",
       .order = "platform_id",
       // Numbers are given once and never taken back.
       .refusals = {R"sql(
    SELECT format('platform %s has the number %s there and %s here', s.platform, s.platform_id, x.platform_id)
    FROM staged_change_capture_platforms s
    JOIN change_capture.platforms x ON x.platform = s.platform AND x.platform_id <> s.platform_id
    LIMIT 1)sql",
                    R"sql(
    SELECT format('platform number %s is %s there and %s here', s.platform_id, s.platform, x.platform)
    FROM staged_change_capture_platforms s
    JOIN change_capture.platforms x ON x.platform_id = s.platform_id AND x.platform <> s.platform
    LIMIT 1)sql"}},
      {.schema = kSchema,
       .name = "models",
       .order = "model_id",
       .refusals = {R"sql(
    SELECT format('model %s has the number %s there and %s here', s.model, s.model_id, x.model_id)
    FROM staged_change_capture_models s
    JOIN change_capture.models x
        ON x.platform_id = s.platform_id AND x.model = s.model AND x.model_id <> s.model_id
    LIMIT 1)sql",
                    R"sql(
    SELECT format('model number %s is %s there and %s here', s.model_id, s.model, x.model)
    FROM staged_change_capture_models s
    JOIN change_capture.models x ON x.model_id = s.model_id AND x.model <> s.model
    LIMIT 1)sql"}},
      {.schema = kSchema,
       .name = "changes",
       .order = "version",
       // A version is said once. Where the two logs say different things under all that both have, they are
       // two.
       .refusals = {std::string(R"sql(
    SELECT format('version %s is another change there than here', min(c.version))
    FROM staged_change_capture_changes s
    JOIN change_capture.changes c USING (version)
    HAVING count(*) > 0 AND NOT bool_or()sql") +
                    kSame + ")"},
       .conflicts = {std::string(R"sql(
    SELECT format('version %s is another change here: it stays', s.version)
    FROM staged_change_capture_changes s
    JOIN change_capture.changes c USING (version)
    WHERE NOT ()sql") +
                     kSame + ") ORDER BY s.version"}},
      {.schema = kSchema,
       .name = "version_counter",
       .order = "only_row",
       .merge = Merge::kOwn,
       .own = {kLeapVersions},
       .after = {R"sql(
    UPDATE change_capture.version_counter t
    SET rules_revision = s.rules_revision
    FROM staged_change_capture_version_counter s
    WHERE s.rules_revision > t.rules_revision)sql"}},
      // Under new numbers, and to be put on the stream anew.
      {.schema = kSchema,
       .name = "batches",
       .order = "batch_id",
       .left_out = {"batch_id", "queued_at"},
       .last = {kLeapBatches}},
      {.schema = kSchema,
       .name = "part_sets",
       .order = "parent_model_id, parent_id, model_id",
       .merge = Merge::kNewer,
       .key = "parent_model_id, parent_id, model_id",
       .newer_by = "version"},
      {.schema = kSchema, .name = "conflicts", .order = "conflict_id"},
      {.schema = kSchema, .name = "conflict_cursor", .order = "only_row", .merge = Merge::kOwn, .own = {R"sql(
    UPDATE change_capture.conflict_cursor t
    SET version = s.version
    FROM staged_change_capture_conflict_cursor s
    WHERE s.version > t.version)sql"}},
      // What a record gets back was decided by what it was then.
      {.schema = kSchema, .name = "owed", .order = "model_id, local_id", .where = R"sql(
    NOT EXISTS (SELECT FROM change_capture.changes c
                WHERE c.model_id = s.model_id AND c.local_id = s.local_id
                  AND c.version > (SELECT version FROM staged_change_capture_version_counter)))sql"},
      {.schema = kSchema,
       .name = "assignment_cursor",
       .order = "only_row",
       .merge = Merge::kOwn,
       .own = {R"sql(
    UPDATE change_capture.assignment_cursor t
    SET revision = s.revision
    FROM staged_change_capture_assignment_cursor s
    WHERE s.revision > t.revision)sql"}},
      {.schema = kSchema, .name = "runs", .order = "run_id"},
      {.schema = kSchema, .name = "schedules", .order = "sync"},
      {.schema = kSchema, .name = "sync_rules", .order = "sync"},
      {.schema = kSchema, .name = "sources", .order = "platform"},
      // A source that goes on here knows its models itself.
      {.schema = kSchema, .name = "source_models", .order = "platform, model", .where = R"sql(
    EXISTS (SELECT FROM change_capture.sources x
            JOIN staged_change_capture_sources f USING (platform, owner, confirmed_position, system_identifier)
            WHERE x.platform = s.platform))sql"},
  };
  return kTables;
}

}  // namespace cognate::backup
