// Migrations of one service's schema: numbered, forward only, one transaction each, never edited once
// applied.
//
// During a rollout, and back again, programs of the version before start on a schema that is ahead of them.
// They may, unless a migration takes away what they use; such a one has a line of its own that says from
// which migration on programs do without it:
//
//   -- needs: 7
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace cognate::postgres {

// As cognate_embed_migrations (cmake/CognateMigrations.cmake) makes them of NNNN_verb_noun.sql; in ascending
// order.
struct Migration {
  int number;
  absl::string_view name;  // "create_platforms"
  absl::string_view sql;
};

// Brings `schema` to the last migration. Creates the schema and its table schema_migrations where they are
// missing; one process at a time (advisory lock). Where the database is ahead by migrations that suit this
// program, too, nothing is applied, and that is OK. FAILED_PRECONDITION MIGRATION_CHANGED when an applied
// migration has another text now, SCHEMA_VERSION_MISMATCH when the database is ahead by one that this program
// is too old for; nothing is applied then. A migration that cannot have its locks within a second steps back,
// so that nobody queues behind it, and comes again for ten minutes; then MIGRATION_FAILED.
absl::Status Migrate(absl::string_view uri, absl::string_view schema, absl::Span<const Migration> migrations);

// OK when `schema` has all migrations, and none beyond them that this program is too old for; otherwise
// FAILED_PRECONDITION SCHEMA_VERSION_MISMATCH with the metadata `have` and `want`.
absl::Status CheckVersion(absl::string_view uri, absl::string_view schema,
                          absl::Span<const Migration> migrations);

}  // namespace cognate::postgres
