#include "cli/backup/backup_tables.h"

namespace cognate::backup {
namespace {

constexpr char kSchema[] = "feedback";

// A trouble is gone when its replica has its version.
constexpr char kStillBehind[] = R"sql(
    NOT EXISTS (SELECT FROM platform_registry.replicas r
                JOIN platform_registry.models m USING (model_id)
                JOIN platform_registry.platforms p ON p.platform_id = m.platform_id
                WHERE r.entity_id = s.entity_id AND p.name = s.platform AND m.model = s.model
                  AND r.applied_version >= s.version)
    AND NOT EXISTS (SELECT FROM staged_taken x WHERE x.entity_id = s.entity_id AND x.is_gone))sql";

}  // namespace

const std::vector<Table>& FeedbackTables() {
  static const std::vector<Table> kTables = {
      {.schema = kSchema, .name = "troubles", .order = "entity_id, platform, model", .where = kStillBehind},
      {.schema = kSchema, .name = "done_per_minute", .order = "platform, minute"},
      {.schema = kSchema, .name = "done_per_hour", .order = "platform, hour"},
      {.schema = kSchema, .name = "told_events", .order = "event_id"},
      // Beyond all that was told in the time that is lost: who has a token of then is told that events are
      // gone.
      {.schema = kSchema,
       .name = "event_counter",
       .order = "one",
       .merge = Merge::kOwn,
       .own = {R"sql(
    DELETE FROM feedback.event_batches
    USING staged_feedback_event_counter s, feedback.event_counter t
    WHERE s.last_sequence > t.last_sequence)sql",
               R"sql(
    UPDATE feedback.event_counter t
    SET last_sequence = pg_temp.beyond(s.last_sequence)
    FROM staged_feedback_event_counter s
    WHERE s.last_sequence > t.last_sequence)sql"}},
      {.schema = kSchema,
       .name = "event_hooks",
       .order = "id",
       .left_out = {"pending_id", "pending_body", "pending_sequence", "pending_index", "lease_owner",
                    "lease_until"},
       // Events are not in a backup.
       .after = {R"sql(
    UPDATE feedback.event_hooks t
    SET next_sequence = c.last_sequence + 1, next_index = 0,
        last_error = 'restored from a backup: events that were not sent by then are gone'
    FROM feedback.event_counter c, staged_feedback_event_hooks s
    WHERE t.id = s.id AND t.next_sequence <> c.last_sequence + 1
      AND NOT EXISTS (SELECT FROM feedback.event_batches b WHERE b.sequence = t.next_sequence))sql"}},
      // Two chains cannot be made one: the file's comes where there is none yet.
      {.schema = kSchema,
       .name = "audit_entries",
       .order = "sequence",
       .where = "(SELECT last_sequence FROM feedback.audit_head) = 0"},
      {.schema = kSchema, .name = "audit_head", .order = "one", .merge = Merge::kOwn, .own = {R"sql(
    UPDATE feedback.audit_head t
    SET last_sequence = s.last_sequence, last_hash = s.last_hash
    FROM staged_feedback_audit_head s
    WHERE t.last_sequence = 0)sql"}},
  };
  return kTables;
}

std::vector<Table> AllTables() {
  std::vector<Table> all = RegistryTables();
  all.insert(all.end(), ChangeLogTables().begin(), ChangeLogTables().end());
  all.insert(all.end(), FeedbackTables().begin(), FeedbackTables().end());
  all.insert(all.end(), FileTables().begin(), FileTables().end());
  return all;
}

absl::Span<const LeftOut> LeftOutTables() {
  static const std::vector<LeftOut> kLeftOut = {
      {"platform_registry.answers", "answers to requests that may be sent again within two days"},
      {"platform_registry.configuration_changes", "noted again as the tables are written"},
      {"platform_registry.enrolment_tokens", "one that was used since would be good again"},
      {"feedback.canaries", "how old the newest canaries are; known again when the next one has arrived"},
      {"feedback.event_batches", "what was told is gone after a week anyway; counts are in done_per_hour"},
      {"delivery.lane_leases", "who owns a lane right now"},
      {"delivery.lane_owners", "which processes own lanes right now"},
      {"file_transfer.uploads", "bytes that are on their way are sent again"},
      {"file_transfer.placement_totals", "added up again as the placements come"},
      {"file_transfer.chores", "when what was done last"},
  };
  return kLeftOut;
}

}  // namespace cognate::backup
