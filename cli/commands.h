#pragma once

#include <iostream>

#include "absl/status/status.h"
#include "cli/client.h"
#include "cli/default_address.h"
#include "cli/service_addresses.h"

namespace CLI {
class App;
}

namespace cognate::cli {

// What every command has.
struct Context {
  ServiceAddresses addresses = {.all = DefaultAddress()};
  bool json = false;
  absl::Status status;  // What the command that ran has answered.

  Client Connect() const { return Client(addresses); }
};

// Each adds its command with its options and examples; the command runs while CLI11 parses.
void AddPlatformCommand(CLI::App& app, Context& context);
// Below `platform`.
void AddCompareCommand(CLI::App& platform, Context& context);
void AddAssignmentCommand(CLI::App& app, Context& context);
void AddAuditCommand(CLI::App& app, Context& context);
void AddConflictCommand(CLI::App& app, Context& context);
void AddKeyCommand(CLI::App& app, Context& context);
// Below `key`.
void AddKeyRotationCommands(CLI::App& key, Context& context);
void AddEnrolmentCommands(CLI::App& key, Context& context);
void AddSecretCommand(CLI::App& app, Context& context);
void AddModelCommand(CLI::App& app, Context& context);
void AddPipelineCommand(CLI::App& app, Context& context);
void AddSyncCommand(CLI::App& app, Context& context);
void AddRunCommand(CLI::App& app, Context& context);
void AddStatusCommand(CLI::App& app, Context& context);
void AddTroublesCommand(CLI::App& app, Context& context);
void AddExplainCommand(CLI::App& app, Context& context);
void AddWatchCommand(CLI::App& app, Context& context);
void AddHookCommand(CLI::App& app, Context& context);
void AddHistoryCommand(CLI::App& app, Context& context);
void AddFileCommand(CLI::App& app, Context& context);
void AddHealthCommand(CLI::App& app, Context& context);
void AddLogLevelCommand(CLI::App& app, Context& context);
void AddUpCommand(CLI::App& app, Context& context);

}  // namespace cognate::cli
