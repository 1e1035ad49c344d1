#include "common/config/groups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/access/loopback.h"
#include "common/postgres/conninfo.h"
#include "common/redis/address.h"
#include "common/trace/otlp.h"

namespace cognate::config {
namespace {

void AddPeer(Settings& settings, const char* name, std::string* address, absl::string_view whom) {
  settings.Add(name, address,
               absl::StrCat("Where ", whom, " answers: host:port, dns:///host:port or unix:/path"));
  settings.AddValidation([name, address] { return ValidatePeerAddress(name, *address); });
}

// A password within it would be shown wherever settings are.
absl::Status ValidateRedisAddress(const std::string& address) {
  if (!absl::StartsWith(address, "redis")) return ValidatePeerAddress("redis-address", address);
  const absl::StatusOr<redis::Address> parsed = redis::ParseAddress(address);
  if (!parsed.ok())
    return absl::InvalidArgumentError(
        absl::StrCat("--redis-address (COGNATE_REDIS_ADDRESS): ", parsed.status().message()));
  if (parsed->password.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "--redis-address (COGNATE_REDIS_ADDRESS): got a password, want it from --redis-password-file "
      "(COGNATE_REDIS_PASSWORD_FILE)");
}

constexpr size_t kShortestKey = 32;

// Files that only make sense together.
absl::Status ValidateTls(const Process& process) {
  if (process.tls_certificate_file.empty() != process.tls_key_file.empty()) {
    return Wrong(process.tls_key_file.empty() ? "tls-key-file" : "tls-certificate-file", "",
                 "a file, since the other one of certificate and key is given");
  }
  if (!process.tls_client_ca_file.empty() && process.tls_certificate_file.empty())
    return Wrong("tls-certificate-file", "", "a file, since --tls-client-ca-file is given");
  return absl::OkStatus();
}

// Never repeats a key.
absl::Status ValidateServiceKeys(const Process& process) {
  for (const std::string& key : process.ServiceKeys()) {
    if (key.size() < kShortestKey) {
      return Wrong("service-key", absl::StrCat("a key of ", key.size(), " characters"),
                   absl::StrCat("at least ", kShortestKey, ", such as `openssl rand -hex 32` makes"));
    }
    if (!std::all_of(key.begin(), key.end(), [](unsigned char c) { return absl::ascii_isgraph(c); }))
      return Wrong("service-key", "a key with other characters", "letters, digits and signs of ASCII");
  }
  return absl::OkStatus();
}

absl::Status ValidateAnonymousRole(const Process& process) {
  if (process.anonymous_role == "none") return absl::OkStatus();
  if (process.anonymous_role != "viewer" && process.anonymous_role != "operator")
    return Wrong("anonymous-role", process.anonymous_role, "none, viewer or operator");
  for (const std::string& address : process.listen) {
    if (absl::StartsWith(address, "unix:") || access::IsLoopback(address)) continue;
    return Wrong("anonymous-role", process.anonymous_role,
                 absl::StrCat("none, since ", address, " can be reached from other machines"));
  }
  return absl::OkStatus();
}

// Never repeats a header.
absl::Status ValidateTraces(const Process& process) {
  std::string url;
  const absl::Status endpoint =
      process.otlp_endpoint.empty() ? absl::OkStatus() : trace::ReadEndpoint(process.otlp_endpoint, &url);
  if (!endpoint.ok())
    return absl::InvalidArgumentError(
        absl::StrCat("--otlp-endpoint (COGNATE_OTLP_ENDPOINT): ", endpoint.message()));
  const absl::Status headers = trace::ReadHeaders(process.otlp_headers).status();
  if (!headers.ok())
    return absl::InvalidArgumentError(
        absl::StrCat("--otlp-headers-file (COGNATE_OTLP_HEADERS_FILE): ", headers.message()));
  if (!(process.trace_ratio >= 0 && process.trace_ratio <= 1))
    return Wrong("trace-ratio", absl::StrCat(process.trace_ratio), "0 to 1");
  return absl::OkStatus();
}

absl::Status ValidateProcess(const Process& process) {
  if (process.listen.empty()) return Wrong("listen", "", "at least one host:port or unix:/path");
  for (const std::string& address : process.listen) {
    const absl::Status status = ValidateListenAddress("listen", address);
    if (!status.ok()) return status;
  }
  if (absl::StartsWith(process.admin, "unix:") || !ValidateListenAddress("admin", process.admin).ok()) {
    return Wrong("admin", process.admin, "host:port, such as 127.0.0.1:7480");
  }
  log::Level level;
  if (!log::ParseLevel(process.log_level, &level).ok()) {
    return Wrong("log-level", process.log_level, "debug, info, warn or error");
  }
  log::Format format;
  if (!log::ParseFormat(process.log_format, &format).ok()) {
    return Wrong("log-format", process.log_format, "auto, text or json");
  }
  return absl::OkStatus();
}

constexpr size_t kLongestPublicUrl = 200;

// It stands in fields of records, and addresses are made of it.
absl::Status ValidatePublicUrl(std::string* url) {
  while (absl::EndsWith(*url, "/")) url->pop_back();
  if (url->empty()) return absl::OkStatus();
  absl::string_view rest = *url;
  const bool has_scheme = absl::ConsumePrefix(&rest, "https://") || absl::ConsumePrefix(&rest, "http://");
  const bool is_plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '?' && c != '#' && c != '@';
  });
  if (has_scheme && is_plain && !rest.empty() && rest[0] != '/' && url->size() <= kLongestPublicUrl)
    return absl::OkStatus();
  return Wrong("public-url", *url,
               "https://… or http://… without user, query or fragment, under which readers reach the "
               "gateway");
}

}  // namespace

void Process::Register(Settings& settings) {
  settings.Add("listen", &listen, "Where gRPC is answered: host:port or unix:/path, several with commas");
  settings.Add("admin", &admin, "Where /livez, /readyz, /metrics and /version are answered, as host:port");
  settings.Add("rpc-threads", &rpc_threads, "Calls answered at once; above it they are refused", {8, 4096});
  settings.Add("connection-age", &connection_age,
               "How long a client keeps one connection, for load balancing");
  settings.Add("drain-timeout", &drain_timeout, "How long calls may go on after SIGTERM");
  settings.Add("tls-certificate-file", &tls_certificate_file,
               "Certificate, with its chain, that TCP addresses are served with and others are shown");
  settings.Add("tls-key-file", &tls_key_file, "Private key of the certificate");
  settings.Add("tls-client-ca-file", &tls_client_ca_file,
               "Whose certificates make a caller a service of this cluster");
  settings.Add(
      "tls-ca-file", &tls_ca_file,
      "Whose certificates other services show: a file, or `system`. Empty: they are reached without TLS");
  settings.Add("plaintext", &plaintext, "Serve TCP addresses, and reach other machines, without TLS");
  settings.AddSecret(
      "service-key", &service_key,
      "What the services of a cluster know each other by, one a line: the first is shown, all are "
      "taken");
  settings.Add("anonymous-role", &anonymous_role,
               "What callers without a key may: none, viewer or operator; on loopback only");
  settings.Add("sealing-keys-file", &sealing_keys_file, "Keys that stored secrets are sealed with");
  settings.Add("log-level", &log_level, "debug, info, warn or error");
  settings.Add("log-format", &log_format, "text, json, or auto: text on a terminal");
  settings.Add("log-level-changes", &log_level_changes,
               "Whether `cognate log-level` on the same machine can change the level while the process runs");
  settings.Add("otlp-endpoint", &otlp_endpoint,
               "Where traces are sent, by OTLP over HTTP: http://host:4318. Empty: nowhere");
  settings.AddSecret("otlp-headers", &otlp_headers, "What the collector is shown, `name: value`, one a line");
  settings.Add("otlp-ca-file", &otlp_ca_file,
               "Whose certificates the collector shows; empty: those that the machine trusts");
  settings.Add("trace-ratio", &trace_ratio, "What part of the traces that begin here is sent, 0 to 1");
  settings.Add("metrics-max-names", &metrics_max_names,
               "How many platforms, models and syncs metrics show each by itself; later ones ring no alert",
               {1, 1'000'000});
  settings.AddValidation([this] { return ValidateProcess(*this); });
  settings.AddValidation([this] { return ValidateTls(*this); });
  settings.AddValidation([this] { return ValidateServiceKeys(*this); });
  settings.AddValidation([this] { return ValidateAnonymousRole(*this); });
  settings.AddValidation([this] { return ValidateTraces(*this); });
}

log::Options Process::LogOptions(absl::string_view service) const {
  log::Options options;
  options.service = std::string(service);
  log::ParseLevel(log_level, &options.level).IgnoreError();
  log::ParseFormat(log_format, &options.format).IgnoreError();
  return options;
}

trace::ExporterOptions Process::TraceOptions() const {
  trace::ExporterOptions options;
  options.endpoint = otlp_endpoint;
  options.headers = trace::ReadHeaders(otlp_headers).value_or(std::vector<std::string>());
  options.ca_file = otlp_ca_file;
  options.ratio = trace_ratio;
  return options;
}

std::vector<std::string> Process::ServiceKeys() const {
  std::vector<std::string> keys;
  for (absl::string_view line : absl::StrSplit(service_key, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) keys.emplace_back(line);
  }
  return keys;
}

void AddPostgresUri(Settings& settings, std::string* uri, std::string* password, absl::string_view help) {
  settings.AddSecret("postgres-uri", uri, help);
  settings.AddAlias("postgres-uri", "postgres");
  settings.AddSecret("postgres-password", password, "Its password, where --postgres-uri has none");
  settings.AddValidation([uri, password]() -> absl::Status {
    if (password->empty()) return absl::OkStatus();
    absl::StatusOr<std::string> whole = postgres::WithPassword(*uri, *password);
    if (!whole.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--postgres-password (COGNATE_POSTGRES_PASSWORD): ", whole.status().message()));
    }
    *uri = *std::move(whole);
    password->clear();
    return absl::OkStatus();
  });
}

void AddRedisAddress(Settings& settings, std::string* address, absl::string_view help) {
  settings.Add("redis-address", address, help);
  settings.AddAlias("redis-address", "redis");
}

void AddPublicUrl(Settings& settings, std::string* url) {
  settings.Add("public-url", url,
               "Where readers reach the gateway, for links that last: https://cognate.example.org");
  settings.AddValidation([url] { return ValidatePublicUrl(url); });
}

void Postgres::Register(Settings& settings) {
  AddPostgresUri(settings, &uri, &password, "postgres://user:password@host:port/database");
  settings.Add("postgres-pool-size", &pool_size, "Connections held at most", {1, 1000});
  settings.AddValidation([this]() -> absl::Status {
    if (uri.empty()) return Wrong("postgres-uri", "", "postgres://user@host:port/database");
    return absl::OkStatus();
  });
}

void Redis::Register(Settings& settings) {
  AddRedisAddress(settings, &address,
                  "host:port, unix:/path, redis-sentinel://host:26379,host:26379/name or "
                  "redis-cluster://host:6379,host:6379; with rediss in the place of redis by TLS");
  RegisterLogin(settings);
  settings.AddValidation([this] { return ValidateRedisAddress(address); });
}

std::string Redis::PrefixOf(const std::string& prefix) const { return redis::PrefixAt(address, prefix); }

void Redis::RegisterLogin(Settings& settings) {
  settings.AddSecret("redis-password", &password, "Password of Redis, if it wants one");
  settings.AddSecret("redis-sentinel-password", &sentinel_password,
                     "Password of the sentinels that --redis-address names, if they want one");
  settings.Add("redis-ca-file", &ca_file,
               "Who vouches for Redis, in PEM, where it is reached by TLS. Default: whom the machine trusts");
  settings.Add("redis-certificate-file", &certificate_file,
               "The certificate that is shown to Redis, in PEM, if it wants one");
  settings.Add("redis-key-file", &key_file, "Its key");
  settings.AddValidation([this]() -> absl::Status {
    if (certificate_file.empty() == key_file.empty()) return absl::OkStatus();
    return Wrong(key_file.empty() ? "redis-key-file" : "redis-certificate-file", "",
                 "a file, since the other one of certificate and key is given");
  });
}

void Peers::RegisterRegistry(Settings& settings) {
  AddPeer(settings, "registry", &registry, "platform-registry");
}
void Peers::RegisterChangeCapture(Settings& settings) {
  AddPeer(settings, "change-capture", &change_capture, "change-capture");
}
void Peers::RegisterTransformer(Settings& settings) {
  AddPeer(settings, "transformer", &transformer, "transformer");
}
void Peers::RegisterDelivery(Settings& settings) { AddPeer(settings, "delivery", &delivery, "delivery"); }
void Peers::RegisterFeedback(Settings& settings) { AddPeer(settings, "feedback", &feedback, "feedback"); }
void Peers::RegisterFileTransfer(Settings& settings) {
  AddPeer(settings, "file-transfer", &file_transfer, "file-transfer");
}

}  // namespace cognate::config
