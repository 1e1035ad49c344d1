#pragma once

#include "cli/commands.h"

namespace cognate::cli {

// Below `platform`.
void AddPlatformCheckCommand(CLI::App& platform, Context& context);

}  // namespace cognate::cli
