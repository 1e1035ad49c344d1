#include "cli/backup/backup_tables.h"

namespace cognate::backup {
namespace {

constexpr char kSchema[] = "file_transfer";

// These tables say what lies where in a file store, so they come together, and only where no file is known
// yet: which store it is comes with them.
constexpr char kIsFresh[] = R"sql(
    CREATE TEMP TABLE staged_no_files ON COMMIT DROP AS
    SELECT NOT EXISTS (SELECT FROM file_transfer.files) AS is_fresh)sql";

constexpr char kFresh[] = "(SELECT is_fresh FROM staged_no_files)";

}  // namespace

const std::vector<Table>& FileTables() {
  static const std::vector<Table> kTables = {
      {.schema = kSchema,
       .name = "store",
       .order = "one",
       .merge = Merge::kOwn,
       .own = {"DELETE FROM file_transfer.store WHERE (SELECT is_fresh FROM staged_no_files)"
               " AND EXISTS (SELECT FROM staged_file_transfer_store)",
               "INSERT INTO file_transfer.store (one, store_id)"
               " SELECT one, store_id FROM staged_file_transfer_store"
               " WHERE (SELECT is_fresh FROM staged_no_files) ON CONFLICT DO NOTHING"},
       .before = {kIsFresh}},
      {.schema = kSchema, .name = "files", .order = "file_id", .where = kFresh},
      {.schema = kSchema, .name = "chunks", .order = "chunk_sha256, file_id, chunk_offset", .where = kFresh},
      {.schema = kSchema, .name = "possessions", .order = "platform, file_id", .where = kFresh},
      {.schema = kSchema,
       .name = "bindings",
       .order = "platform, entity_id, model, field, position",
       .where = kFresh},
      {.schema = kSchema, .name = "placements", .order = "platform, path", .where = kFresh},
      {.schema = kSchema,
       .name = "waits",
       .order = "platform, entity_id, model, field, position",
       .where = kFresh},
      {.schema = kSchema, .name = "refused_uploads", .order = "platform, sha256", .where = kFresh},
      {.schema = kSchema, .name = "links", .order = "platform, path", .where = kFresh},
      {.schema = kSchema, .name = "reads", .order = "platform, path", .where = kFresh},
      {.schema = kSchema, .name = "seen_files", .order = "platform, path", .where = kFresh},
      {.schema = kSchema, .name = "written_places", .order = "platform", .where = kFresh},
  };
  return kTables;
}

}  // namespace cognate::backup
