#include "common/redis/address.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr int kSentinelPort = 26379;
constexpr int kPort = 6379;
constexpr size_t kMaxHosts = 15;  // each is asked in turn, while somebody waits

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

absl::StatusOr<std::vector<Endpoint>> ParseHosts(absl::string_view text, int port, absl::string_view what) {
  std::vector<Endpoint> hosts;
  for (const absl::string_view host : absl::StrSplit(text, ',')) {
    Endpoint endpoint{.host = "", .port = port};
    if (!TakeEndpoint(absl::StripAsciiWhitespace(host), endpoint))
      return Invalid(absl::StrCat("got a port of a ", what, " that is not in 1..65535"));
    if (endpoint.host.empty()) return Invalid(absl::StrCat("got a ", what, " without a host"));
    hosts.push_back(std::move(endpoint));
  }
  if (hosts.size() > kMaxHosts)
    return Invalid(absl::StrCat("got ", hosts.size(), " ", what, "s, want at most ", kMaxHosts));
  return hosts;
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
  ASSIGN_OR_RETURN(address.sentinels, ParseHosts(text.substr(0, slash), kSentinelPort, "sentinel"));
  return address;
}

absl::StatusOr<Address> ParseNodes(absl::string_view text) {
  Address address;
  TakeLogin(text, address);
  if (const size_t slash = text.find('/'); slash != text.npos) {
    const absl::string_view rest = text.substr(slash + 1);
    if (!rest.empty() && rest != "0")
      return Invalid("got a database, but a Redis Cluster has one alone, the first");
    text = text.substr(0, slash);
  }
  ASSIGN_OR_RETURN(address.nodes, ParseHosts(text, kPort, "node"));
  return address;
}

absl::StatusOr<Address> ParseOne(absl::string_view text) {
  Address address;
  TakeLogin(text, address);
  if (!TakeDatabase(text, address)) return Invalid("got a database that is no number");
  if (!TakeHost(text, address)) return Invalid("got a port that is not in 1..65535");
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
  const bool tls = absl::StartsWith(text, "rediss");
  absl::StatusOr<Address> parsed;
  if (absl::ConsumePrefix(&text, tls ? "rediss-sentinel://" : "redis-sentinel://")) {
    parsed = ParseSentinels(text);
  } else if (absl::ConsumePrefix(&text, tls ? "rediss-cluster://" : "redis-cluster://")) {
    parsed = ParseNodes(text);
  } else if (absl::ConsumePrefix(&text, tls ? "rediss://" : "redis://")) {
    parsed = ParseOne(text);
  } else if (text.empty() || absl::StrContains(text, "://")) {
    return Invalid(
        "want unix:/path, host:port, redis://host:port/db, redis-sentinel://host:port,host:port/name or "
        "redis-cluster://host:port,host:port; with rediss in the place of redis by TLS");
  } else {
    return ParseOne(text);
  }
  if (parsed.ok()) parsed->tls = tls;
  return parsed;
}

std::string PrefixAt(absl::string_view address, absl::string_view prefix) {
  const absl::StatusOr<Address> parsed = ParseAddress(address);
  const size_t open = prefix.find('{');
  const size_t close = open == prefix.npos ? open : prefix.find('}', open);
  if (!parsed.ok() || parsed->nodes.empty() || (close != prefix.npos && close > open + 1))
    return std::string(prefix);
  absl::ConsumeSuffix(&prefix, ":");
  return absl::StrCat("{", prefix.empty() ? "cognate" : prefix, "}:");
}

}  // namespace cognate::redis
