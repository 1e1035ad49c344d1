#pragma once

#include "cli/commands.h"

namespace cognate::cli {

// `file link`: an address under which a browser gets a content.
void AddFileLinkCommand(CLI::App& file, Context& context);

}  // namespace cognate::cli
