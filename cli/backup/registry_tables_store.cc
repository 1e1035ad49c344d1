#include "cli/backup/backup_tables.h"

namespace cognate::backup {
namespace {

constexpr char kSchema[] = "platform_registry";

// Platforms, models and syncs are the file's where number and name are the same here.
constexpr char kSameModel[] = R"sql(EXISTS (
        SELECT FROM platform_registry.models x
        JOIN staged_platform_registry_models f USING (model_id, platform_id, model)
        WHERE x.model_id = )sql";

// Where a record is another entity's by now: the two were merged, or it was made again. An entity of which
// nothing is here any more stays away as a whole.
constexpr char kFindTaken[] = R"sql(
    CREATE TEMP TABLE staged_taken ON COMMIT DROP AS
    SELECT s.entity_id, s.model_id, s.local_id, r.entity_id AS holder,
           NOT EXISTS (SELECT FROM platform_registry.replicas own WHERE own.entity_id = s.entity_id) AS is_gone
    FROM staged_platform_registry_replicas s
    JOIN platform_registry.replicas r
        ON r.model_id = s.model_id AND r.local_id = s.local_id AND r.deleted_version = s.deleted_version
    WHERE s.local_id IS NOT NULL AND r.entity_id <> s.entity_id)sql";

constexpr char kReplicaMayCome[] = R"sql(
    NOT EXISTS (SELECT FROM staged_taken x WHERE x.entity_id = s.entity_id AND (x.is_gone OR x.model_id = s.model_id))
    AND NOT EXISTS (SELECT FROM staged_platform_registry_models f
                    WHERE f.model_id = s.model_id
                      AND NOT EXISTS (SELECT FROM platform_registry.models x
                                      WHERE x.model_id = f.model_id AND x.model = f.model)))sql";

constexpr char kFindNewKeys[] = R"sql(
    CREATE TEMP TABLE staged_new_keys ON COMMIT DROP AS
    SELECT key_id
    FROM staged_platform_registry_keys s
    WHERE NOT EXISTS (SELECT FROM platform_registry.keys k WHERE k.key_id = s.key_id))sql";

// Versions never go back. Where one side was further, its row says what was so with its versions.
constexpr char kTakeReplicas[] = R"sql(
    UPDATE platform_registry.replicas t
    SET desired_version = s.desired_version, applied_version = s.applied_version,
        parked_version = s.parked_version, deleted = s.deleted, deleted_version = s.deleted_version,
        local_id = coalesce(s.local_id, t.local_id), fingerprint = s.fingerprint, sync_id = s.sync_id,
        detached = s.detached, echo_awaited = s.echo_awaited, planned_at = s.planned_at
    FROM staged_platform_registry_replicas s
    WHERE t.entity_id = s.entity_id AND t.model_id = s.model_id
      AND s.desired_version >= t.desired_version AND s.applied_version >= t.applied_version
      AND (s.desired_version > t.desired_version OR s.applied_version > t.applied_version)
      AND NOT EXISTS (SELECT FROM staged_taken x WHERE x.entity_id = s.entity_id AND x.model_id = s.model_id))sql";

// Where each was further in one of the two, nobody knows what the record holds now: no fingerprint.
constexpr char kRaiseReplicas[] = R"sql(
    UPDATE platform_registry.replicas t
    SET desired_version = greatest(t.desired_version, s.desired_version),
        applied_version = greatest(t.applied_version, s.applied_version),
        fingerprint = NULL,
        local_id = coalesce(t.local_id, s.local_id),
        planned_at = coalesce(t.planned_at, s.planned_at)
    FROM staged_platform_registry_replicas s
    WHERE t.entity_id = s.entity_id AND t.model_id = s.model_id
      AND (s.desired_version > t.desired_version AND s.applied_version < t.applied_version
           OR s.desired_version < t.desired_version AND s.applied_version > t.applied_version)
      AND NOT EXISTS (SELECT FROM staged_taken x WHERE x.entity_id = s.entity_id AND x.model_id = s.model_id))sql";

std::string Text(const char* a, const char* b) { return std::string(a) + b; }

}  // namespace

const std::vector<Table>& RegistryTables() {
  static const std::vector<Table> kTables = {
      {.schema = kSchema,
       .name = "configuration",
       .order = "only_row",
       .merge = Merge::kOwn,
       // One higher than either: whoever has read rules reads them anew.
       .own = {R"sql(
    UPDATE platform_registry.configuration t
    SET revision = greatest(t.revision, s.revision) + 1
    FROM staged_platform_registry_configuration s)sql"}},
      {.schema = kSchema,
       .name = "platforms",
       .order = "platform_id",
       .merge = Merge::kNewer,
       .key = "platform_id",
       .newer_by = "revision",
       .where = R"sql(
    NOT EXISTS (SELECT FROM platform_registry.platforms x WHERE x.name = s.name AND x.platform_id <> s.platform_id)
    AND NOT EXISTS (SELECT FROM platform_registry.platforms x
                    WHERE x.platform_id = s.platform_id AND x.name <> s.name))sql",
       .conflicts = {R"sql(
    SELECT format('platform %s was made again since: it stays, and the one in the file with its records stays out', s.name)
    FROM staged_platform_registry_platforms s
    JOIN platform_registry.platforms x ON x.name = s.name AND x.platform_id <> s.platform_id
    ORDER BY s.name)sql"}},
      {.schema = kSchema,
       .name = "models",
       .order = "model_id",
       .where = R"sql(
    EXISTS (SELECT FROM platform_registry.platforms x
            JOIN staged_platform_registry_platforms f USING (platform_id, name)
            WHERE x.platform_id = s.platform_id)
    AND NOT EXISTS (SELECT FROM platform_registry.models x
                    WHERE x.platform_id = s.platform_id AND x.model = s.model AND x.model_id <> s.model_id))sql",
       .conflicts = {R"sql(
    SELECT format('model %s was found again since: it stays, and the one in the file with its records stays out', s.model)
    FROM staged_platform_registry_models s
    JOIN platform_registry.models x
        ON x.platform_id = s.platform_id AND x.model = s.model AND x.model_id <> s.model_id
    ORDER BY s.model)sql"}},
      {.schema = kSchema,
       .name = "syncs",
       .order = "sync_id",
       .merge = Merge::kNewer,
       .key = "sync_id",
       .newer_by = "revision",
       .where = Text(kSameModel, "s.source_model_id)") + " AND " + Text(kSameModel, "s.target_model_id)") +
                R"sql(
    AND NOT EXISTS (SELECT FROM platform_registry.syncs x WHERE x.sync_id = s.sync_id AND x.name <> s.name)
    AND NOT EXISTS (SELECT FROM platform_registry.syncs x
                    WHERE x.name = s.name AND x.sync_id <> s.sync_id
                      AND ((NOT x.deleted AND NOT s.deleted)
                           OR (x.source_model_id = s.source_model_id AND x.target_model_id = s.target_model_id))))sql",
       .conflicts = {R"sql(
    SELECT format('sync %s was made again since: it stays, and the one in the file stays out', s.name)
    FROM staged_platform_registry_syncs s
    JOIN platform_registry.syncs x ON x.name = s.name AND x.sync_id <> s.sync_id AND NOT x.deleted AND NOT s.deleted
    ORDER BY s.name)sql"}},
      {.schema = kSchema, .name = "sync_revisions", .order = "sync_id, revision", .where = R"sql(
    EXISTS (SELECT FROM platform_registry.syncs x
            JOIN staged_platform_registry_syncs f USING (sync_id, name)
            WHERE x.sync_id = s.sync_id))sql"},
      {.schema = kSchema,
       .name = "pipelines",
       .order = "name",
       .merge = Merge::kNewer,
       .key = "name",
       .newer_by = "revision"},
      {.schema = kSchema, .name = "pipeline_revisions", .order = "name, revision"},
      {.schema = kSchema,
       .name = "keys",
       .order = "create_time, key_id",
       .before = {kFindNewKeys},
       // Who was shut out stays shut out.
       .after = {R"sql(
    UPDATE platform_registry.keys t
    SET revoke_time = s.revoke_time
    FROM staged_platform_registry_keys s
    WHERE t.key_id = s.key_id AND t.revoke_time IS NULL AND s.revoke_time IS NOT NULL)sql"}},
      {.schema = kSchema,
       .name = "replicas",
       .order = "entity_id, model_id",
       .where = kReplicaMayCome,
       .conflicts = {R"sql(
    SELECT format('%s %s %s is entity %s here, which the file does not know as that: it stays so',
                  p.name, m.model, x.local_id, x.holder)
    FROM staged_taken x
    JOIN platform_registry.models m USING (model_id)
    JOIN platform_registry.platforms p USING (platform_id)
    ORDER BY 1)sql"},
       .before = {kFindTaken},
       .after = {kTakeReplicas, kRaiseReplicas}},
      {.schema = kSchema, .name = "plan_batches", .order = "batch_id", .left_out = {"batch_id"}},
      {.schema = kSchema,
       .name = "assignments",
       .order = "entity_id",
       .merge = Merge::kNewer,
       .key = "entity_id",
       .newer_by = "revision",
       .where = "NOT EXISTS (SELECT FROM staged_taken x WHERE x.entity_id = s.entity_id AND x.is_gone)"},
      {.schema = kSchema, .name = "assignment_changes", .order = "revision"},
      {.schema = kSchema,
       .name = "assignment_revision",
       .order = "only_row",
       .merge = Merge::kOwn,
       .own = {R"sql(
    UPDATE platform_registry.assignment_revision t
    SET revision = s.revision
    FROM staged_platform_registry_assignment_revision s
    WHERE s.revision > t.revision)sql"}},
  };
  return kTables;
}

}  // namespace cognate::backup
