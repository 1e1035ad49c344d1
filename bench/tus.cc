#include "bench/tus.h"

#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include <httplib.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/files/upload_client.h"
#include "common/grpc/channel.h"
#include "tests/end_to_end/gateway_process.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::bench {
namespace {

// The key of a new platform, whose agent sends files.
std::string KeyOfPlatform(cluster::Cluster& cluster, const std::string& platform) {
  const auto channel = cluster.ChannelTo("platform-registry");
  const auto registry = v1::PlatformRegistryService::NewStub(channel);
  v1::CreatePlatformRequest create;
  create.mutable_platform()->set_name(absl::StrCat("platforms/", platform));
  create.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
  create.mutable_platform()->set_channel(v1::CHANNEL_AGENT);
  test_support::ValueOrDie(grpc_support::Call(*registry, &v1::PlatformRegistryService::Stub::CreatePlatform,
                                              create, {.timeout = test_support::kPatience}));
  v1::CreateKeyRequest key;
  key.mutable_key()->set_role(v1::ROLE_PLATFORM);
  key.mutable_key()->set_platform(platform);
  const auto keys = v1::KeyService::NewStub(channel);
  return test_support::ValueOrDie(grpc_support::Call(*keys, &v1::KeyService::Stub::CreateKey, key,
                                                     {.timeout = test_support::kPatience}))
      .secret();
}

std::string ContentOf(const std::string& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

bool Upload(httplib::Client& client, const std::string& content) {
  const auto created =
      client.Post("/files/tus", {{"upload-length", std::to_string(content.size())}}, "", "text/plain");
  if (!created || created->status != 201) return false;
  const auto sent = client.Patch(created->get_header_value("location"), {{"upload-offset", "0"}}, content,
                                 "application/offset+octet-stream");
  return sent && sent->status == 204;
}

}  // namespace

double TusFilesPerSecond(const std::string& tree, int64_t count) {
  cluster::Cluster cluster(cluster::Shape::kOneEach);
  if (!cluster.WaitUntilServing()) std::exit(1);
  const std::string key = KeyOfPlatform(cluster, "bench");
  const test_support::TempDir directory;
  const GatewayProcess gateway(directory, Peers(cluster));
  httplib::Client client(absl::StrCat("http://", gateway.address()));
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_default_headers({{"authorization", absl::StrCat("Bearer ", key)}, {"tus-resumable", "1.0.0"}});
  std::vector<std::string> paths = test_support::ValueOrDie(files::FilesBelow(tree));
  paths.resize(std::min(paths.size(), static_cast<size_t>(count)));
  WaitUntilIdle();
  const absl::Time started = absl::Now();
  for (const std::string& path : paths) {
    if (Upload(client, ContentOf(path))) continue;
    std::cerr << "tus: " << path << " was not taken\n" << gateway.log() << std::endl;
    std::exit(1);
  }
  return static_cast<double>(paths.size()) / absl::ToDoubleSeconds(absl::Now() - started);
}

}  // namespace cognate::bench
