#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/setting.h"
#include "common/config/settings.h"
#include "common/log/redact.h"

namespace cognate::config {
namespace {

// The port of "host:port", or -1.
int Port(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == address.npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port)) return -1;
  return port >= 0 && port <= 65535 ? port : -1;
}

bool IsUnixPath(absl::string_view address) { return absl::StartsWith(address, "unix:/"); }

}  // namespace

absl::Status Wrong(absl::string_view name, absl::string_view got, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("--", name, " (", EnvironmentName(name), "): got \"",
                                                 log::MaskSecrets(got), "\", want ", want));
}

absl::Status ValidateListenAddress(absl::string_view name, absl::string_view address) {
  if (IsUnixPath(address) || Port(address) >= 0) return absl::OkStatus();
  return Wrong(name, address, "host:port or unix:/path, such as 127.0.0.1:7400");
}

absl::Status ValidatePeerAddress(absl::string_view name, absl::string_view address) {
  absl::string_view target = address;
  absl::ConsumePrefix(&target, "dns:///");
  if (IsUnixPath(target) || Port(target) > 0) return absl::OkStatus();
  return Wrong(name, address, "host:port, dns:///host:port or unix:/path, such as 127.0.0.1:7401");
}

}  // namespace cognate::config
