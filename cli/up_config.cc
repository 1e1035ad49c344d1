#include "cli/up_config.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace cognate::cli {

void UpConfig::Register(config::Settings& settings) {
  settings.Add("data-dir", &data_dir, "Where the private servers keep their data");
  config::AddPostgresUri(settings, &postgres, &postgres_password,
                         "Use this PostgreSQL (a URI) instead of a private one");
  config::AddRedisAddress(
      settings, &redis,
      "Use this Redis (host:port, unix:/path, redis-sentinel://host:26379,host:26379/name or "
      "redis-cluster://host:6379,host:6379; with rediss in the place of redis by TLS) instead of a private "
      "one");
  redis_login.RegisterLogin(settings);
  settings.Add("database", &databases,
               "Also make these databases in the private PostgreSQL, for trying things out");
  settings.Add("reset", &reset, "Throw away what the private servers hold, and begin anew");
  settings.Add("ready-file", &ready_file,
               "Write addresses into this file, as JSON, once everything is ready");
  config::AddPublicUrl(settings, &public_url);
  // Before the process looks at where it listens.
  settings.AddValidation([this] {
    if (process.listen.empty()) process.listen = {DefaultAddress(data_dir)};
    return absl::OkStatus();
  });
  process.Register(settings);
  platform_registry.RegisterOwn(settings);
  change_capture.RegisterOwn(settings);
  transformer.RegisterOwn(settings);
  delivery.RegisterOwn(settings);
  feedback.RegisterOwn(settings);
  file_transfer.RegisterOwn(settings);
  gateway.RegisterOwn(settings);
}

void UpConfig::Connect(const std::string& postgres_uri, const std::string& redis_address,
                       const std::string& peer_address) {
  const config::Peers peers{.registry = peer_address,
                            .change_capture = peer_address,
                            .transformer = peer_address,
                            .delivery = peer_address,
                            .feedback = peer_address,
                            .file_transfer = peer_address};
  const std::string readers = public_url.empty() ? OwnPublicUrl() : public_url;
  const auto connect = [&](auto& service) {
    if constexpr (requires { service.postgres; }) service.postgres.uri = postgres_uri;
    if constexpr (requires { service.redis; }) {
      service.redis = redis_login;
      service.redis.address = redis_address;
    }
    if constexpr (requires { service.peers; }) service.peers = peers;
    if constexpr (requires { service.public_url; }) service.public_url = readers;
  };
  connect(platform_registry);
  connect(change_capture);
  connect(transformer);
  connect(delivery);
  connect(feedback);
  connect(file_transfer);
  connect(gateway);
  if (file_transfer.file_store.empty()) file_transfer.file_store = OwnFileStore();
  if (file_transfer.s3.staging.empty()) file_transfer.s3.staging = OwnFileStore();
}

std::string UpConfig::OwnPublicUrl() const {
  if (gateway.http.empty()) return "";
  const std::string& address = gateway.http.front();
  const absl::string_view host = absl::string_view(address).substr(0, address.rfind(':'));
  const bool is_anywhere = host.empty() || host == "0.0.0.0" || host == "[::]" || host == "*";
  if (is_anywhere || absl::StartsWith(address, "unix:") || absl::EndsWith(address, ":0")) return "";
  return absl::StrCat(process.tls_certificate_file.empty() ? "http://" : "https://", address);
}

std::string UpConfig::OwnFileStore() const { return std::filesystem::absolute(data_dir) / "files"; }

}  // namespace cognate::cli
