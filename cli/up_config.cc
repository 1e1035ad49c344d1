#include "cli/up_config.h"

#include <filesystem>

namespace cognate::cli {

void UpConfig::Register(config::Settings& settings) {
  settings.Add("data-dir", &data_dir, "Where the private servers keep their data");
  config::AddPostgresUri(settings, &postgres, &postgres_password,
                         "Use this PostgreSQL (a URI) instead of a private one");
  config::AddRedisAddress(
      settings, &redis,
      "Use this Redis (host:port, unix:/path, redis-sentinel://host:26379,host:26379/name or "
      "redis-cluster://host:6379,host:6379; with rediss in the place of redis by TLS) instead of a private one");
  redis_login.RegisterLogin(settings);
  settings.Add("database", &databases,
               "Also make these databases in the private PostgreSQL, for trying things out");
  settings.Add("reset", &reset, "Throw away what the private servers hold, and begin anew");
  settings.Add("ready-file", &ready_file,
               "Write addresses into this file, as JSON, once everything is ready");
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
  const auto connect = [&](auto& service) {
    if constexpr (requires { service.postgres; }) service.postgres.uri = postgres_uri;
    if constexpr (requires { service.redis; }) {
      service.redis = redis_login;
      service.redis.address = redis_address;
    }
    if constexpr (requires { service.peers; }) service.peers = peers;
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

std::string UpConfig::OwnFileStore() const { return std::filesystem::absolute(data_dir) / "files"; }

}  // namespace cognate::cli
