#include "services/file_transfer/placing/platform_rows.h"

#include <algorithm>
#include <array>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/file_transfer/placing/query.h"

namespace cognate::file_transfer {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// From one to the next along the index: there are few, and rows by the million.
Statement PlatformsOf(const char* name, absl::string_view table, absl::string_view column) {
  return {name,
          absl::StrCat(
              "WITH RECURSIVE known AS ((SELECT ", column, " AS id FROM ", table, " ORDER BY ", column,
              " LIMIT 1) UNION ALL SELECT (SELECT ", column, " FROM ", table, " WHERE ", column,
              " > known.id ORDER BY ", column,
              " LIMIT 1) FROM known WHERE known.id IS NOT NULL) SELECT id FROM known WHERE id IS NOT NULL")};
}

Statement DropOf(const char* name, absl::string_view table, absl::string_view column) {
  return {name, absl::StrCat("DELETE FROM ", table, " WHERE ctid = ANY (ARRAY(SELECT ctid FROM ", table,
                             " WHERE ", column, " = $1 LIMIT $2))")};
}

const std::array<Statement, 11>& PlatformStatements() {
  static const auto* const statements = new std::array<Statement, 11>{
      PlatformsOf("platforms_of_possessions", "possessions", "platform"),
      PlatformsOf("platforms_of_uploads", "uploads", "platform"),
      PlatformsOf("platforms_of_bindings", "bindings", "platform"),
      PlatformsOf("platforms_of_placements", "placements", "platform"),
      PlatformsOf("platforms_of_links", "links", "platform"),
      PlatformsOf("platforms_of_seen_files", "seen_files", "platform"),
      PlatformsOf("platforms_of_reads", "reads", "platform"),
      PlatformsOf("platforms_of_waits", "waits", "platform"),
      PlatformsOf("source_platforms_of_waits", "waits", "source_platform"),
      PlatformsOf("platforms_of_refused_uploads", "refused_uploads", "platform"),
      PlatformsOf("platforms_of_written_places", "written_places", "platform")};
  return *statements;
}

const std::array<Statement, 11>& DropStatements() {
  static const auto* const statements =
      new std::array<Statement, 11>{DropOf("drop_possessions_of_platform", "possessions", "platform"),
                                    DropOf("drop_uploads_of_platform", "uploads", "platform"),
                                    DropOf("drop_bindings_of_platform", "bindings", "platform"),
                                    DropOf("drop_placements_of_platform", "placements", "platform"),
                                    DropOf("drop_links_of_platform", "links", "platform"),
                                    DropOf("drop_seen_files_of_platform", "seen_files", "platform"),
                                    DropOf("drop_reads_of_platform", "reads", "platform"),
                                    DropOf("drop_waits_of_platform", "waits", "platform"),
                                    DropOf("drop_waits_of_source_platform", "waits", "source_platform"),
                                    DropOf("drop_refused_uploads_of_platform", "refused_uploads", "platform"),
                                    DropOf("drop_written_place_of_platform", "written_places", "platform")};
  return *statements;
}

// Else a row of another transaction, which is counted in it, would not be seen by the look at them.
const Statement kLockTotals = {"lock_placement_totals", R"sql(
    SELECT 1 FROM placement_totals WHERE platform = $1 FOR UPDATE
)sql"};

const Statement kDropTotals = {"drop_placement_totals", R"sql(
    DELETE FROM placement_totals WHERE platform = $1
      AND NOT EXISTS (SELECT 1 FROM placements WHERE platform = $1)
)sql"};

const Statement kWasWritten = {"was_place_written", R"sql(
    SELECT EXISTS (SELECT 1 FROM written_places WHERE platform = $1)
)sql"};

const Statement kNoteWritten = {"note_written_place", R"sql(
    INSERT INTO written_places (platform) VALUES ($1) ON CONFLICT DO NOTHING
)sql"};

const Statement kDropEntity = {"drop_bindings_of_entity", R"sql(
    DELETE FROM bindings WHERE entity_id = $1
)sql"};

const Statement kDropEntityWaits = {"drop_waits_of_entity", R"sql(
    DELETE FROM waits WHERE entity_id = $1
)sql"};

}  // namespace

absl::StatusOr<std::vector<std::string>> PlatformRows::Platforms() {
  std::set<std::string> platforms;
  for (const Statement& statement : PlatformStatements()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> some,
                     QueryAll<std::string>(pool_, statement, Params(), [](const Rows& rows, int row) {
                       return std::string(rows.GetText(row, 0));
                     }));
    platforms.insert(some.begin(), some.end());
  }
  return std::vector<std::string>(platforms.begin(), platforms.end());
}

absl::StatusOr<bool> PlatformRows::DropPlatform(absl::string_view platform, int limit) {
  bool more = false;
  for (const Statement& statement : DropStatements()) {
    ASSIGN_OR_RETURN(const int64_t dropped, Do(pool_, statement, Params().AddText(platform).AddInt32(limit)));
    more = more || dropped >= limit;
  }
  RETURN_IF_ERROR(
      pool_.InTransactionWithRetry("drop_placement_totals", [&](Transaction& transaction) -> absl::Status {
        RETURN_IF_ERROR(transaction.Query(kLockTotals, Params().AddText(platform)).status());
        return transaction.Query(kDropTotals, Params().AddText(platform)).status();
      }));
  return more;
}

absl::StatusOr<bool> PlatformRows::WasWrittenInto(absl::string_view platform) {
  ASSIGN_OR_RETURN(const std::vector<bool> was,
                   QueryAll<bool>(pool_, kWasWritten, Params().AddText(platform),
                                  [](const Rows& rows, int row) { return rows.GetBool(row, 0); }));
  return was.at(0);
}

absl::Status PlatformRows::NoteWrittenInto(absl::string_view platform) {
  return Do(pool_, kNoteWritten, Params().AddText(platform)).status();
}

absl::Status PlatformRows::DropEntity(const Uuid& entity) {
  return pool_.InTransactionWithRetry("drop_entity", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(transaction.Query(kDropEntity, Params().AddUuid(entity)).status());
    return transaction.Query(kDropEntityWaits, Params().AddUuid(entity)).status();
  });
}

}  // namespace cognate::file_transfer
