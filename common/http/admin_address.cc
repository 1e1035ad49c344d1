#include "common/http/admin_address.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cognate::http {

std::string AdminAddress::Text() const {
  const bool bracketed = host.find(':') != host.npos;
  return bracketed ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

absl::StatusOr<AdminAddress> ReadAdminAddress(absl::string_view text) {
  AdminAddress address;
  const size_t colon = text.rfind(':');
  if (colon == text.npos || !absl::SimpleAtoi(text.substr(colon + 1), &address.port) || address.port <= 0 ||
      address.port > 65535)
    return absl::InvalidArgumentError(
        absl::StrCat("--admin: got \"", text, "\", want host:port, such as 127.0.0.1:7480"));
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  address.host = std::string(host);
  return address;
}

}  // namespace cognate::http
