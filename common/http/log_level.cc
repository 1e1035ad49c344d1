#include "common/http/log_level.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/log/log.h"

namespace cognate::http {
namespace {

// Not the rest of 127.0.0.0/8: proxies and tunnels take addresses of it for others.
bool IsLoopbackAddress(absl::string_view address) {
  absl::ConsumePrefix(&address, "::ffff:");
  return address == "::1" || address == "127.0.0.1";
}

// Without its port. A name that leads here, but is not this machine's, is somebody's trick.
bool IsLoopbackHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) return absl::StartsWith(host, "::1]");
  const absl::string_view name = host.substr(0, host.rfind(':'));
  return name == "localhost" || name == "127.0.0.1";
}

}  // namespace

std::string LogLevel() { return std::string(log::Name(log::GetLevel())); }

LogLevelAnswer SetLogLevel(const LogLevelRequest& request, LogLevelChange* change) {
  if (!IsLoopbackAddress(request.address) || !IsLoopbackHost(request.host) || !request.has_mark)
    return {403, "the level is set from the same machine alone: `cognate log-level` there\n"};
  log::Level level;
  const absl::Status status = log::ParseLevel(absl::StripAsciiWhitespace(request.body.substr(0, 32)), &level);
  if (!status.ok()) return {400, absl::StrCat(status.message(), "\n")};
  *change = {LogLevel(), std::string(log::Name(level)), request.address};
  // Said by whichever of the two levels says more.
  const bool is_more = level < log::GetLevel();
  if (is_more) log::SetLevel(level);
  log::Info("log level changed", {{"from", change->from}, {"to", change->to}, {"address", change->address}});
  log::SetLevel(level);
  return {200, absl::StrCat(change->to, "\n")};
}

}  // namespace cognate::http
