#include "common/redis/address.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace cognate::redis {
namespace {

absl::Status Invalid(absl::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_REDIS_ADDRESS", why);
}

std::string PercentDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

void TakeLogin(absl::string_view& text, Address& address) {
  const size_t at = text.rfind('@');
  if (at == text.npos) return;
  const absl::string_view login = text.substr(0, at);
  const size_t colon = login.find(':');
  if (colon != login.npos) {
    address.user = PercentDecode(login.substr(0, colon));
    address.password = PercentDecode(login.substr(colon + 1));
  } else {
    address.password = PercentDecode(login);
  }
  text.remove_prefix(at + 1);
}

bool TakeDatabase(absl::string_view& text, Address& address) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return true;
  const absl::string_view number = text.substr(slash + 1);
  text = text.substr(0, slash);
  return number.empty() || (absl::SimpleAtoi(number, &address.database) && address.database >= 0);
}

bool TakeHost(absl::string_view text, Address& address) {
  const size_t colon = text.rfind(':');
  const bool has_port = colon != text.npos && !absl::EndsWith(text, "]");
  if (has_port && (!absl::SimpleAtoi(text.substr(colon + 1), &address.port) || address.port < 1 ||
                   address.port > 65535)) {
    return false;
  }
  absl::string_view host = has_port ? text.substr(0, colon) : text;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (!host.empty()) address.host = std::string(host);
  return true;
}

}  // namespace

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  if (absl::ConsumePrefix(&text, "unix:")) {
    absl::ConsumePrefix(&text, "//");
    if (text.empty()) return Invalid("got no path after unix:");
    address.unix_path = std::string(text);
    return address;
  }
  if (absl::StartsWith(text, "rediss:")) return Invalid("got rediss:, but TLS to Redis is not built in");
  if (absl::ConsumePrefix(&text, "redis://")) {
    TakeLogin(text, address);
  } else if (text.empty() || absl::StrContains(text, "://")) {
    return Invalid("want unix:/path, redis://host:port/db or host:port");
  }
  if (!TakeDatabase(text, address)) return Invalid("got a database that is no number");
  if (!TakeHost(text, address)) return Invalid("got a port that is not in 1..65535");
  return address;
}

}  // namespace cognate::redis
