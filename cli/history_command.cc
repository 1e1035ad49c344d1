#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

constexpr int64_t kBar = 40;  // characters of the longest one

int64_t CountOf(const v1::HistoryPoint& point) {
  return point.applied_count() + point.failed_count() + point.dead_count();
}

// "████▒" for applied and the rest; something is never nothing.
std::string Bar(const v1::HistoryPoint& point, int64_t longest) {
  const auto length = [&](int64_t count) {
    return (count * kBar + longest - 1) / std::max<int64_t>(longest, 1);
  };
  std::string bar;
  for (int64_t i = 0; i < length(point.applied_count()); ++i) bar += "█";
  for (int64_t i = 0; i < length(point.failed_count() + point.dead_count()); ++i) bar += "░";
  return bar;
}

absl::Status History(Context& context, const std::string& platform, const std::string& step) {
  Client client = context.Connect();
  v1::GetHistoryRequest request;
  request.set_platform(platform);
  v1::HistoryStep parsed;
  if (!v1::HistoryStep_Parse(absl::StrCat("HISTORY_STEP_", absl::AsciiStrToUpper(step)), &parsed))
    return absl::InvalidArgumentError(
        absl::StrCat("--step: got \"", step, "\", want minute, hour, day or week"));
  request.set_step(parsed);
  ASSIGN_OR_RETURN(const v1::GetHistoryResponse history,
                   client.Call(client.events(), &v1::EventService::Stub::GetHistory, request));
  if (context.json) {
    PrintJson(std::cout, history);
    return absl::OkStatus();
  }
  if (history.points().empty()) std::cout << "Nothing was done.\n";
  int64_t longest = 0;
  size_t widest = 0;
  for (const v1::HistoryPoint& point : history.points()) {
    longest = std::max(longest, CountOf(point));
    widest = std::max(widest, point.platform().size());
  }
  for (const v1::HistoryPoint& point : history.points()) {
    std::cout << absl::StreamFormat("%s  %-*s %10s", FormatTime(point.start_time()), static_cast<int>(widest),
                                    point.platform(), FormatCount(point.applied_count()));
    if (point.failed_count() > 0) std::cout << "  " << FormatCount(point.failed_count()) << " failed";
    if (point.dead_count() > 0) std::cout << "  " << FormatCount(point.dead_count()) << " dead";
    std::cout << "  " << Bar(point, longest) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Context& context) {
  CLI::App* history = app.add_subcommand("history", "What the targets have taken, step by step of time");
  history->footer("Examples:\n  cognate history\n  cognate history --platform shop --step day");
  auto platform = std::make_shared<std::string>();
  auto step = std::make_shared<std::string>("hour");
  history->add_option("--platform", *platform, "Only this target");
  history->add_option("--step", *step, "minute, hour, day or week; default hour");
  history->callback([&context, platform, step] { context.status = History(context, *platform, *step); });
}

}  // namespace cognate::cli
