#include "services/platform_registry/checks/database_login.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/postgres/sqlstate.h"
#include "common/status/error.h"
#include "common/text/excerpt.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using absl::StrContains;
using postgres::ConninfoOptions;

constexpr uint16_t kDefaultPort = 5432;
constexpr size_t kMaxHosts = 4;
constexpr size_t kMaxWords = 500;

std::vector<std::string> ListOf(const ConninfoOptions& options, absl::string_view keyword) {
  const std::string text = OptionOf(options, keyword);
  return text.empty() ? std::vector<std::string>() : absl::StrSplit(text, ',');
}

std::string At(const std::vector<std::string>& list, size_t place) {
  if (list.size() == 1) return list[0];
  return place < list.size() ? list[place] : "";
}

std::string Quoted(absl::string_view name) {
  return StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

// On one line.
std::string WordsOf(const absl::Status& refused) {
  const std::string server = postgres::ServerMessage(refused);
  std::vector<std::string> lines =
      absl::StrSplit(server.empty() ? std::string(refused.message()) : server, '\n', absl::SkipWhitespace());
  for (std::string& line : lines) absl::StripAsciiWhitespace(&line);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return text::Excerpt(absl::StrJoin(lines, "; "), kMaxWords);
}

bool IsAnswerOfServer(const absl::Status& refused) {
  return !postgres::SqlState(refused).empty() || StrContains(postgres::ServerMessage(refused), "FATAL:");
}

std::string UserOf(const ConninfoOptions& options) {
  const std::string user = OptionOf(options, "user");
  return user.empty() ? "the user of the services" : Quoted(user);
}

Finding KeyFault(const std::string& words, const ConninfoOptions& options, absl::string_view secret) {
  const std::string user = UserOf(options);
  const std::string database = OptionOf(options, "dbname");
  if (StrContains(words, "pg_hba.conf")) {
    return Failed("KEY_REFUSED", words,
                  StrCat("add a line to pg_hba.conf on its server, and SELECT pg_reload_conf(): host ",
                         database.empty() ? "all" : Quoted(database), " ", user,
                         " <address of the services>/32 scram-sha-256"));
  }
  if (StrContains(words, "permission denied for database")) {
    return Failed("KEY_REFUSED", words,
                  StrCat("GRANT CONNECT ON DATABASE ", Quoted(database), " TO ", user, ";"));
  }
  if (StrContains(words, "not permitted to log in"))
    return Failed("KEY_REFUSED", words, StrCat("ALTER ROLE ", user, " LOGIN;"));
  return Failed(
      "KEY_REFUSED", words,
      StrCat("correct ", secret, ", or set the password that it has: ALTER ROLE ", user, " PASSWORD '…';"));
}

}  // namespace

std::string OptionOf(const ConninfoOptions& options, absl::string_view keyword) {
  std::string value;
  for (const auto& [name, text] : options) {
    if (name == keyword) value = text;
  }
  return value;
}

std::vector<HostAndPort> PlacesOf(const ConninfoOptions& options) {
  const std::vector<std::string> hosts = ListOf(options, "host"), addresses = ListOf(options, "hostaddr"),
                                 ports = ListOf(options, "port");
  std::vector<HostAndPort> places;
  for (size_t i = 0; i < std::max(hosts.size(), addresses.size()) && places.size() < kMaxHosts; ++i) {
    HostAndPort place;
    place.host = i < hosts.size() ? hosts[i] : "";
    place.host_address = i < addresses.size() ? addresses[i] : "";
    int port = 0;
    place.port = absl::SimpleAtoi(At(ports, i), &port) && port > 0 && port < 65'536
                     ? static_cast<uint16_t>(port)
                     : kDefaultPort;
    if (place.host.empty() && place.host_address.empty()) return {};
    if (place.is_local()) absl::StrAppend(&place.host, "/.s.PGSQL.", place.port);
    places.push_back(std::move(place));
  }
  return places;
}

absl::StatusOr<std::unique_ptr<postgres::Connection>> LogIn(ConninfoOptions options,
                                                            const std::vector<HostAndPort>& places,
                                                            const std::vector<Tried>& connected,
                                                            absl::Duration limit) {
  const std::vector<std::string> given = ListOf(options, "host");
  const auto drop = [&](absl::string_view keyword) {
    std::erase_if(options, [&](const auto& option) { return option.first == keyword; });
  };
  drop("connect_timeout");
  size_t count = 1;
  if (!connected.empty()) {
    std::vector<std::string> hosts, addresses, ports;
    for (const Tried& one : connected) {
      if (hosts.size() == kMaxHosts) break;
      const HostAndPort& place = places[one.place];
      hosts.push_back(one.place < given.size() ? given[one.place] : "");
      addresses.push_back(place.is_local() ? "" : one.address.text);
      ports.push_back(StrCat(place.port));
    }
    for (const absl::string_view keyword : {"host", "hostaddr", "port"}) drop(keyword);
    count = hosts.size();
    const bool any_address = std::any_of(addresses.begin(), addresses.end(),
                                         [](const std::string& text) { return !text.empty(); });
    if (!given.empty()) options.emplace_back("host", absl::StrJoin(hosts, ","));
    if (any_address) options.emplace_back("hostaddr", absl::StrJoin(addresses, ","));
    options.emplace_back("port", absl::StrJoin(ports, ","));
  }
  postgres::ConnectionOptions wanted;
  wanted.uri = postgres::FormatConninfo(options);
  wanted.application_name = "cognate-check";
  wanted.connect_timeout = limit / static_cast<double>(count);
  wanted.statement_timeout = Checklist::kStep;
  return postgres::Connection::Open(wanted);
}

std::optional<Finding> TlsFault(const absl::Status& refused, const ConninfoOptions& options) {
  const std::string words = WordsOf(refused);
  const bool is_about_tls = StrContains(words, "SSL") || StrContains(words, "certificate");
  if (!is_about_tls || IsAnswerOfServer(refused) || StrContains(words, "invalid response to SSL negotiation"))
    return std::nullopt;
  if (StrContains(words, "does not support SSL")) {
    return Failed(
        "TLS_FAILED", words,
        "switch TLS on there: ALTER SYSTEM SET ssl = on; with a server.key and server.crt; or do without: "
        "sslmode=disable in the URI");
  }
  if (StrContains(words, "root certificate file") || StrContains(words, "verify failed")) {
    const std::string roots = OptionOf(options, "sslrootcert");
    return Failed(
        "TLS_FAILED", words,
        StrCat("put the certificate of the authority that signed the server's into ",
               roots.empty() ? "~/.postgresql/root.crt of the services, or name it by sslrootcert in the URI"
                             : roots));
  }
  if (StrContains(words, "does not match host name")) {
    return Failed(
        "TLS_FAILED", words,
        "give the server a certificate for the name that the URI has, or the URI the certificate's name "
        "with hostaddr beside it");
  }
  return Failed("TLS_FAILED", words,
                "compare sslmode and the certificates of the URI with what the server wants");
}

Finding LoginFault(const absl::Status& refused, const ConninfoOptions& options, absl::string_view secret) {
  const std::string words = WordsOf(refused);
  if (absl::IsUnauthenticated(refused)) return KeyFault(words, options, secret);
  if (absl::IsNotFound(refused)) {
    return Failed("DATABASE_UNKNOWN", words,
                  StrCat("correct the database in the URI, or make it: CREATE DATABASE ",
                         Quoted(OptionOf(options, "dbname")), ";"));
  }
  if (absl::IsResourceExhausted(refused)) {
    return Failed(
        "DATABASE_EXHAUSTED", words,
        "end connections that nobody needs, or ALTER SYSTEM SET max_connections = …; and restart the server");
  }
  if (StrContains(words, "the database system is"))
    return Failed("DATABASE_UNAVAILABLE", words, "wait until the server has started, then check again");
  if (StrContains(words, "timeout expired")) {
    return Failed("TIMED_OUT", StrCat("it takes connections and does not answer: ", words),
                  "look at the server's log: it hangs, or something other than PostgreSQL listens there");
  }
  if (IsAnswerOfServer(refused)) return KeyFault(words, options, secret);
  return Failed("CONNECTION_LOST", words,
                "see that it is PostgreSQL that listens on this port, and look at its log");
}

}  // namespace cognate::platform_registry
