// `cognate platform check`: what keeps a platform from taking part, and what to do about it.
#include "cli/platform_check_command.h"

#include <algorithm>
#include <iomanip>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/output.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::CheckService::Stub;

// A check may take 30 s.
constexpr absl::Duration kTimeout = absl::Seconds(40);

const char* Mark(v1::PlatformCheckStatus status) {
  switch (status) {
    case v1::PLATFORM_CHECK_STATUS_OK:
      return "✓";
    case v1::PLATFORM_CHECK_STATUS_WARNING:
      return "!";
    case v1::PLATFORM_CHECK_STATUS_FAILED:
      return "✗";
    default:
      return "·";
  }
}

void PrintCheck(std::ostream& out, const v1::PlatformCheck& check) {
  out << "  " << Mark(check.status()) << " " << std::left << std::setw(12) << check.step() << check.message();
  if (!check.reason().empty()) out << " (" << check.reason() << ")";
  out << "\n";
  for (const absl::string_view line : absl::StrSplit(check.fix(), '\n', absl::SkipEmpty()))
    out << std::string(16, ' ') << "→ " << line << "\n";
}

absl::Status Check(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::CheckPlatformRequest request;
  request.set_name(absl::StrCat("platforms/", id));
  ASSIGN_OR_RETURN(const v1::CheckPlatformResponse response,
                   grpc_support::Call(client.checks(), &Stub::CheckPlatform, request, {.timeout = kTimeout}));
  const bool failed = std::any_of(
      response.checks().begin(), response.checks().end(),
      [](const v1::PlatformCheck& check) { return check.status() == v1::PLATFORM_CHECK_STATUS_FAILED; });
  if (context.json) {
    PrintJson(std::cout, response);
  } else {
    for (const v1::PlatformCheck& check : response.checks()) PrintCheck(std::cout, check);
  }
  if (failed) return Error(absl::StatusCode::kFailedPrecondition, "CHECK_FAILED", response.conclusion());
  if (!context.json) std::cout << response.conclusion() << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddPlatformCheckCommand(CLI::App& platform, Context& context) {
  auto id = std::make_shared<std::string>();
  CLI::App* const check =
      platform.add_subcommand("check", "Try every step to it, and say of what fails what to do");
  check->footer(
      "Examples:\n"
      "  cognate platform check shop                   exit code 1 if a step fails\n"
      "  cognate platform check shop --json            for programs\n"
      "Writes nothing on the platform; a webhook gets one signed ping.");
  check->add_option("id", *id)->required();
  check->callback([&context, id] { context.status = Check(context, *id); });
}

}  // namespace cognate::cli
