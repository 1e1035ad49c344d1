#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace cognate::cli {

// `cognate sync match`.
void AddSyncMatchCommand(CLI::App& sync, Context& context);

}  // namespace cognate::cli
