#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace cognate::cli {

// `cognate backup` and `cognate restore`.
void AddBackupCommand(CLI::App& app, Context& context);
void AddRestoreCommand(CLI::App& app, Context& context);

}  // namespace cognate::cli
