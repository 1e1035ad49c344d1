#include "common/http/log_level_client.h"

#include <httplib.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/http/admin_address.h"
#include "common/status/status_macros.h"

namespace cognate::http {
namespace {

constexpr char kPath[] = "/log-level";
constexpr int kPatience = 30;  // seconds; the audit may have to be waited for

}  // namespace

absl::StatusOr<std::string> AskLogLevel(const std::string& admin, const std::string& level) {
  ASSIGN_OR_RETURN(const AdminAddress address, ReadAdminAddress(admin));
  httplib::Client client(address.host, address.port);
  client.set_connection_timeout(5);
  client.set_read_timeout(kPatience);
  const httplib::Result answer =
      level.empty() ? client.Get(kPath)
                    : client.Put(kPath, httplib::Headers{{"X-Cognate-Admin", "1"}}, level, "text/plain");
  if (!answer)
    return absl::UnavailableError(
        absl::StrCat("nobody answers on ", address.Text(), ": give the process's admin port by --admin"));
  const std::string text(absl::StripAsciiWhitespace(answer->body));
  if (answer->status == 200) return text;
  const std::string said = absl::StrCat(address.Text(), " answered ", answer->status, ": ", text);
  return answer->status == 403 ? absl::PermissionDeniedError(said) : absl::FailedPreconditionError(said);
}

}  // namespace cognate::http
