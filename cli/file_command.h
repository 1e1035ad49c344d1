#pragma once

#include "cli/commands.h"

namespace cognate::cli {

// Below `file`: what is in the store, and what becomes of it.
void AddFileStoreCommands(CLI::App& file, Context& context);

// Below `file`: one content, into a file.
void AddFileGetCommand(CLI::App& file, Context& context);

// 32 bytes, of 64 hexadecimal digits; INVALID_FIELD.
absl::StatusOr<std::string> ParseHash(const std::string& text);

}  // namespace cognate::cli
