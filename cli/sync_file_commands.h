#pragma once

#include <vector>

#include "cli/commands.h"

namespace cognate::cli {

// `sync export`, `lint`, `plan` and `apply`.
void AddSyncFileCommands(CLI::App& sync, Context& context);
// `sync describe` and `preview`.
void AddSyncLookCommands(CLI::App& sync, Context& context);

// `sync rehearse` and `approve`.
void AddSyncGuardCommands(CLI::App& sync, Context& context);

// `sync reverse`.
void AddSyncReverseCommand(CLI::App& sync, Context& context);

// All syncs by name.
absl::StatusOr<std::vector<v1::Sync>> ListAllSyncs(Client& client);

}  // namespace cognate::cli
