#include "common/redis/address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace cognate::redis {
namespace {

constexpr int kSentinelPort = 26379;
constexpr size_t kMaxSentinels = 15;  // each is asked in turn, while somebody waits

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

bool TakeEndpoint(absl::string_view text, Endpoint& endpoint) {
  const size_t colon = text.rfind(':');
  const bool has_port = colon != text.npos && !absl::EndsWith(text, "]");
  if (has_port && (!absl::SimpleAtoi(text.substr(colon + 1), &endpoint.port) || endpoint.port < 1 ||
                   endpoint.port > 65535)) {
    return false;
  }
  absl::string_view host = has_port ? text.substr(0, colon) : text;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (!host.empty()) endpoint.host = std::string(host);
  return true;
}

bool TakeHost(absl::string_view text, Address& address) {
  Endpoint endpoint;
  if (!TakeEndpoint(text, endpoint)) return false;
  address.host = endpoint.host;
  address.port = endpoint.port;
  return true;
}

// What Sentinel itself takes for a name.
bool IsPrimaryName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

absl::StatusOr<Address> ParseSentinels(absl::string_view text) {
  Address address;
  TakeLogin(text, address);
  const size_t slash = text.find('/');
  absl::string_view name = slash == text.npos ? "" : text.substr(slash + 1);
  if (!TakeDatabase(name, address)) return Invalid("got a database that is no number");
  if (!IsPrimaryName(name)) {
    return Invalid(
        "got no name of a primary, want redis-sentinel://host:26379,host:26379/name with the name that "
        "`sentinel monitor` gives it");
  }
  address.primary_name = std::string(name);
  for (const absl::string_view host : absl::StrSplit(text.substr(0, slash), ',')) {
    Endpoint endpoint{.host = "", .port = kSentinelPort};
    if (!TakeEndpoint(absl::StripAsciiWhitespace(host), endpoint))
      return Invalid("got a port of a sentinel that is not in 1..65535");
    if (endpoint.host.empty()) return Invalid("got a sentinel without a host");
    address.sentinels.push_back(std::move(endpoint));
  }
  if (address.sentinels.size() > kMaxSentinels)
    return Invalid(
        absl::StrCat("got ", address.sentinels.size(), " sentinels, want at most ", kMaxSentinels));
  return address;
}

}  // namespace

std::string Format(const Endpoint& endpoint) {
  const bool is_v6 = absl::StrContains(endpoint.host, ':');
  return absl::StrCat(is_v6 ? "[" : "", endpoint.host, is_v6 ? "]" : "", ":", endpoint.port);
}

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  if (absl::ConsumePrefix(&text, "unix:")) {
    absl::ConsumePrefix(&text, "//");
    if (text.empty()) return Invalid("got no path after unix:");
    address.unix_path = std::string(text);
    return address;
  }
  if (absl::ConsumePrefix(&text, "redis-sentinel://")) return ParseSentinels(text);
  if (absl::StartsWith(text, "rediss:")) return Invalid("got rediss:, but TLS to Redis is not built in");
  if (absl::ConsumePrefix(&text, "redis://")) {
    TakeLogin(text, address);
  } else if (text.empty() || absl::StrContains(text, "://")) {
    return Invalid(
        "want unix:/path, redis://host:port/db, host:port or redis-sentinel://host:port,host:port/name");
  }
  if (!TakeDatabase(text, address)) return Invalid("got a database that is no number");
  if (!TakeHost(text, address)) return Invalid("got a port that is not in 1..65535");
  return address;
}

}  // namespace cognate::redis
