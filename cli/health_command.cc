#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cli/commands.h"
#include "common/http/health_client.h"
#include "common/status/status_macros.h"
#include "common/text/truncate.h"

namespace cognate::cli {
namespace {

constexpr size_t kTroublesShown = 5;
constexpr int kLongestTrouble = 200;

struct HealthOptions {
  std::string admin = "127.0.0.1:7480";
  std::string timeout = "2s";
  bool ready = false;
};

std::vector<const http::Health::Check*> TroublesOf(const http::Health& health) {
  std::vector<const http::Health::Check*> troubles;
  for (const auto& check : health.checks) {
    if (!check.trouble.empty()) troubles.push_back(&check);
  }
  return troubles;
}

// "127.0.0.1:7480 is not ready: redis (connection refused), feedback (…)", as one line.
std::string NotReady(const http::AdminAddress& admin, const http::Health& health) {
  std::vector<std::string> said;
  const auto troubles = TroublesOf(health);
  for (const http::Health::Check* check : troubles) {
    if (said.size() == kTroublesShown) {
      said.push_back(absl::StrCat("and ", troubles.size() - kTroublesShown, " more"));
      break;
    }
    said.push_back(
        absl::StrCat(check->name, " (", text::Truncate(check->trouble, kLongestTrouble, "…", true), ")"));
  }
  return absl::StrCat(admin.Text(), " is not ready",
                      said.empty() ? "" : absl::StrCat(": ", absl::StrJoin(said, ", ")));
}

void PrintAsJson(const http::AdminAddress& admin, bool ready, const http::Health& health) {
  nlohmann::ordered_json line = {{"admin", admin.Text()}, {ready ? "ready" : "alive", health.well}};
  if (ready) line["checks"] = nlohmann::ordered_json::array();
  for (const auto& check : health.checks) {
    nlohmann::ordered_json entry = {{"name", check.name}, {"ok", check.trouble.empty()}};
    if (!check.trouble.empty()) entry["trouble"] = check.trouble;
    line["checks"].push_back(std::move(entry));
  }
  // A trouble may hold whatever bytes a server said.
  std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

// One sentence: the hint that is added to UNAVAILABLE speaks of --address.
absl::Status AsItStands(const absl::Status& status) {
  return absl::FailedPreconditionError(status.message());
}

absl::Status AskForHealth(const Context& context, const HealthOptions& options) {
  absl::Duration timeout;
  if (!absl::ParseDuration(options.timeout, &timeout) || timeout < absl::Milliseconds(1) ||
      timeout > absl::Hours(1))
    return absl::InvalidArgumentError(
        absl::StrCat("--timeout: got \"", options.timeout, "\", want a duration up to 1h, such as 2s"));
  ASSIGN_OR_RETURN(const http::AdminAddress admin, http::ReadAdminAddress(options.admin));
  const absl::StatusOr<http::Health> asked = http::AskHealth(admin, options.ready, timeout);
  if (!asked.ok()) return AsItStands(asked.status());
  const http::Health& health = *asked;
  if (context.json) PrintAsJson(admin, options.ready, health);
  if (!health.well) return absl::FailedPreconditionError(NotReady(admin, health));
  if (!context.json) std::cout << admin.Text() << (options.ready ? " is ready\n" : " is alive\n");
  return absl::OkStatus();
}

}  // namespace

void AddHealthCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("health", "Ask a process whether it is alive, or ready");
  command->footer(
      "Asks the admin port by plain HTTP, as Kubernetes' probes do: /livez, or /readyz with --ready.\n"
      "Ends with 0 if all is well, else with 1 and one sentence that names what is not ready. A container\n"
      "without a shell is asked with it.\n\n"
      "Examples:\n  cognate health\n  cognate health --ready --admin 127.0.0.1:7484\n"
      "  cognate --json health --ready --timeout 500ms");
  auto options = std::make_shared<HealthOptions>();
  command
      ->add_option("--admin,--admin-address", options->admin,
                   "The process's admin port; default 127.0.0.1:7480")
      ->envname("COGNATE_ADMIN");
  command->add_flag("--ready", options->ready, "Whether it does its work, and not only whether it lives");
  command->add_option("--timeout", options->timeout, "How long it may take; default 2s");
  command->callback([&context, options] { context.status = AskForHealth(context, *options); });
}

}  // namespace cognate::cli
