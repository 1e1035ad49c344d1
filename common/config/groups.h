#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/config/settings.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/trace/exporter.h"

// Settings that several services share, each group declared and validated in one place. Register adds the
// settings and their validation; the group outlives the Settings.
namespace cognate::config {

// Where a process listens, whom it trusts and how it runs; every program has these.
struct Process {
  std::vector<std::string> listen = {"127.0.0.1:7400"};
  std::string admin = "127.0.0.1:7480";
  int rpc_threads = 192;
  absl::Duration connection_age = absl::InfiniteDuration();
  absl::Duration drain_timeout = absl::Seconds(20);
  std::string tls_certificate_file = {};
  std::string tls_key_file = {};
  std::string tls_client_ca_file = {};
  std::string tls_ca_file = {};
  bool plaintext = false;
  std::string service_key = {};  // A secret: one on each line.
  std::string anonymous_role = "none";
  std::string sealing_keys_file = {};
  std::string log_level = "info";
  std::string log_format = "auto";
  bool log_level_changes = true;
  std::string otlp_endpoint = {};
  std::string otlp_headers = {};  // A secret: one on each line.
  std::string otlp_ca_file = {};
  double trace_ratio = 1;
  int metrics_max_names = metrics::kDefaultMaxNames;

  void Register(Settings& settings);
  // Of validated values, as those below.
  log::Options LogOptions(absl::string_view service) const;
  trace::ExporterOptions TraceOptions() const;
  // The first is shown to others, all are taken.
  std::vector<std::string> ServiceKeys() const;
};

// The names by which every program is told where its servers are: --postgres-uri or --postgres, a secret, and
// --redis-address or --redis. A --postgres-password of its own stands in `*uri` once the settings are valid.
void AddPostgresUri(Settings& settings, std::string* uri, std::string* password, absl::string_view help);
void AddRedisAddress(Settings& settings, std::string* address, absl::string_view help);

// --public-url: where readers reach the gateway, https://… without a slash at its end; empty: nobody has
// said.
void AddPublicUrl(Settings& settings, std::string* url);

struct Postgres {
  std::string uri;            // A secret: it may hold a password.
  std::string password = {};  // A secret, which is a part of `uri` after the validation.
  int pool_size = 16;

  void Register(Settings& settings);
};

struct Redis {
  std::string address = "127.0.0.1:6379";  // As redis::ParseAddress takes it.
  std::string password;
  std::string sentinel_password;
  std::string ca_file = {};
  std::string certificate_file = {};
  std::string key_file = {};

  // What all names of streams begin with there.
  std::string PrefixOf(const std::string& prefix) const;

  void Register(Settings& settings);
  // All but the address.
  void RegisterLogin(Settings& settings);
};

// Addresses of the other services. A service registers those that it calls.
struct Peers {
  std::string registry = "127.0.0.1:7401";
  std::string change_capture = "127.0.0.1:7402";
  std::string transformer = "127.0.0.1:7403";
  std::string delivery = "127.0.0.1:7404";
  std::string feedback = "127.0.0.1:7405";
  std::string file_transfer = "127.0.0.1:7406";

  void RegisterRegistry(Settings& settings);
  void RegisterChangeCapture(Settings& settings);
  void RegisterTransformer(Settings& settings);
  void RegisterDelivery(Settings& settings);
  void RegisterFeedback(Settings& settings);
  void RegisterFileTransfer(Settings& settings);
};

}  // namespace cognate::config
