#include "tests/support/minio_server.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"
#include "common/s3/client.h"
#include "common/status/status_macros.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace cognate::test_support {
namespace {

constexpr int kStarts = 5;

}  // namespace

bool MinioServer::IsInstalled() { return std::filesystem::exists(kBinary); }

absl::StatusOr<std::unique_ptr<MinioServer>> MinioServer::Start() {
  std::unique_ptr<MinioServer> server(new MinioServer());
  absl::Status status;
  for (int i = 0; i < kStarts; ++i) {
    status = server->Launch();
    if (status.ok()) return server;
  }
  return status;
}

std::string MinioServer::endpoint() const { return absl::StrCat("http://127.0.0.1:", port_); }

s3::Credentials MinioServer::Key() { return {"cognate-test", "a-secret-of-this-test"}; }

absl::Status MinioServer::Launch() {
  port_ = FreePort();
  // A directory there is a bucket.
  std::filesystem::create_directories(directory_.File(absl::StrCat("data/", kBucket)));
  process::Command command;
  command.argv = {std::filesystem::absolute(kBinary),
                  "server",
                  "--address",
                  absl::StrCat("127.0.0.1:", port_),
                  "--certs-dir",
                  directory_.File("certs"),
                  directory_.File("data")};
  command.environment = {{"MINIO_ROOT_USER", Key().access_key},
                         {"MINIO_ROOT_PASSWORD", Key().secret_key},
                         {"MINIO_DOMAIN", "localhost"},
                         {"MINIO_SITE_REGION", "us-east-1"},
                         {"MINIO_BROWSER", "off"},
                         {"MINIO_UPDATE", "off"},
                         {"HOME", directory_.path()}};
  command.log_file = directory_.File("minio.log");
  ASSIGN_OR_RETURN(process_, process::Process::Spawn(command));
  s3::Options options;
  options.endpoint = {endpoint(), "us-east-1", true};
  options.bucket = kBucket;
  options.credentials = Key();
  options.max_attempts = 1;
  ASSIGN_OR_RETURN(const std::unique_ptr<s3::Client> client, s3::Client::Create(options, Clock::Real()));
  absl::Status answer;
  const auto answers = [&] {
    answer = client->List("").status();
    return answer.ok();
  };
  if (Eventually([&] { return !process_.Running() || answers(); }) && process_.Running())
    return absl::OkStatus();
  process_.Kill();
  return absl::UnavailableError(absl::StrCat("minio does not start: ", answer.ToString()));
}

}  // namespace cognate::test_support
