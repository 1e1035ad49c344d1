#include "common/http/health_client.h"

#include <httplib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace cognate::http {
namespace {

constexpr size_t kLongestAnswer = 256'000;

// The lines after the first are "name: ok" or "name: trouble", and a trouble may go on in the next line.
std::vector<Health::Check> ReadChecks(absl::string_view report) {
  std::vector<Health::Check> checks;
  bool first = true;
  for (absl::string_view line : absl::StrSplit(report, '\n', absl::SkipWhitespace())) {
    if (std::exchange(first, false)) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    const bool begins = line.find(": ") != line.npos;
    if (begins) {
      checks.push_back({std::string(parts.first), parts.second == "ok" ? "" : std::string(parts.second)});
    } else if (!checks.empty()) {
      absl::StrAppend(&checks.back().trouble, " ", absl::StripAsciiWhitespace(line));
    }
  }
  return checks;
}

}  // namespace

absl::StatusOr<Health> AskHealth(const AdminAddress& admin, bool ready, absl::Duration timeout) {
  httplib::Client client(admin.host, admin.port);
  const auto patience = std::chrono::milliseconds(std::max<int64_t>(1, absl::ToInt64Milliseconds(timeout)));
  client.set_connection_timeout(patience);
  client.set_read_timeout(patience);
  const absl::Time end = absl::Now() + timeout;
  std::string report;
  const char* path = ready ? "/readyz" : "/livez";
  const httplib::Result answer = client.Get(path, [&](const char* data, size_t size) {
    report.append(data, size);
    return report.size() <= kLongestAnswer && absl::Now() <= end;
  });
  if (!answer)
    return absl::UnavailableError(absl::StrCat("nobody answers ", path, " on ", admin.Text(), " within ",
                                               absl::FormatDuration(timeout),
                                               ": give the process's admin port by --admin"));
  const absl::string_view first = absl::string_view(report).substr(0, report.find('\n'));
  const bool well = answer->status == 200 && first == (ready ? "ready" : "alive");
  if (!well && !(ready && answer->status == 503 && first == "not ready"))
    return absl::FailedPreconditionError(absl::StrCat(
        admin.Text(), " answered ", path, " with ", answer->status, ": is it the admin port of a process?"));
  return Health{.well = well, .checks = ready ? ReadChecks(report) : std::vector<Health::Check>()};
}

}  // namespace cognate::http
