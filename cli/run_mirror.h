#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace cognate::cli {

// `mirror`, `approve` and `now` of `cognate run`.
void AddMirrorCommands(CLI::App& run, Context& context);

}  // namespace cognate::cli
