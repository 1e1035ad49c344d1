#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "common/http/log_level_client.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

absl::Status LogLevel(const Context& context, const std::string& admin, const std::string& wanted) {
  log::Level level;
  if (!wanted.empty()) {
    const absl::Status known = log::ParseLevel(wanted, &level);
    if (!known.ok())
      return absl::InvalidArgumentError(
          absl::StrCat("level: got \"", wanted, "\", want debug, info, warn or error"));
  }
  ASSIGN_OR_RETURN(const std::string now, http::AskLogLevel(admin, wanted));
  if (context.json) {
    std::cout << "{\"level\":\"" << now << "\"}\n";
  } else {
    std::cout << (wanted.empty() ? "The log has the level " : "The log has the level from now on: ") << now
              << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddLogLevelCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("log-level", "Show or set how much a running process logs");
  command->footer(
      "Runs on the machine, or in the container, of the process: its admin port takes this from nowhere "
      "else.\n"
      "The level lasts until the process ends, and is set for each process alone.\n\n"
      "Examples:\n  cognate log-level\n  cognate log-level debug\n"
      "  cognate log-level info --admin 127.0.0.1:7484\n"
      "  kubectl exec deploy/cognate-delivery -- cognate log-level debug --admin 127.0.0.1:7484");
  auto admin = std::make_shared<std::string>("127.0.0.1:7480");
  auto level = std::make_shared<std::string>();
  command->add_option("level", *level, "debug, info, warn or error; without one it is shown");
  command->add_option("--admin", *admin, "The process's admin port; default 127.0.0.1:7480")
      ->envname("COGNATE_ADMIN");
  command->callback([&context, admin, level] { context.status = LogLevel(context, *admin, *level); });
}

}  // namespace cognate::cli
