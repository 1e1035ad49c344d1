#pragma once

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace cognate::cli {

// `placements` of `cognate file`.
void AddFilePlacementsCommand(CLI::App& file, Context& context);

}  // namespace cognate::cli
