#include "common/http/log_level_client.h"

#include <httplib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cognate::http {
namespace {

constexpr char kPath[] = "/log-level";
constexpr int kPatience = 30;  // seconds; the audit may have to be waited for

}  // namespace

absl::StatusOr<std::string> AskLogLevel(const std::string& admin, const std::string& level) {
  const size_t colon = admin.rfind(':');
  int port = 0;
  if (colon == admin.npos || !absl::SimpleAtoi(admin.substr(colon + 1), &port) || port <= 0 || port > 65535)
    return absl::InvalidArgumentError(
        absl::StrCat("--admin: got \"", admin, "\", want host:port, such as 127.0.0.1:7480"));
  // A process that is reached at every address is reached at this one.
  std::string host = admin.substr(0, colon);
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  httplib::Client client(host, port);
  client.set_connection_timeout(5);
  client.set_read_timeout(kPatience);
  const httplib::Result answer =
      level.empty() ? client.Get(kPath)
                    : client.Put(kPath, httplib::Headers{{"X-Cognate-Admin", "1"}}, level, "text/plain");
  if (!answer)
    return absl::UnavailableError(
        absl::StrCat("nobody answers on ", host, ":", port, ": give the process's admin port by --admin"));
  const std::string text(absl::StripAsciiWhitespace(answer->body));
  if (answer->status == 200) return text;
  const std::string said = absl::StrCat(host, ":", port, " answered ", answer->status, ": ", text);
  return answer->status == 403 ? absl::PermissionDeniedError(said) : absl::FailedPreconditionError(said);
}

}  // namespace cognate::http
