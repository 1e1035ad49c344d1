#include "tests/support/redis_server.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/redis/client.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "tests/support/eventually.h"

namespace cognate::test_support {
namespace {

void OrFail(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "FAILED: this test needs its own Redis server (package redis-server): %s\n",
               status.ToString().c_str());
  std::abort();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start(const RedisOptions& options) {
  std::unique_ptr<RedisServer> server(new RedisServer(options));
  RETURN_IF_ERROR(server->Launch());
  return server;
}

RedisServer& RedisServer::Shared() {
  static const std::unique_ptr<RedisServer> server = [] {
    absl::StatusOr<std::unique_ptr<RedisServer>> started = Start();
    OrFail(started.status());
    return *std::move(started);
  }();
  return *server;
}

RedisServer::~RedisServer() { process_.Kill(); }

absl::Status RedisServer::Launch() {
  process::Command command;
  command.argv = {"redis-server",
                  "--port",
                  "0",
                  "--unixsocket",
                  directory_.File("s"),
                  "--dir",
                  directory_.path(),
                  "--save",
                  "",
                  "--appendonly",
                  options_.persistent ? "yes" : "no"};
  command.argv.insert(command.argv.end(), options_.arguments.begin(), options_.arguments.end());
  command.log_file = directory_.File("redis.log");
  ASSIGN_OR_RETURN(process_, process::Process::Spawn(command));
  const auto answers = [&] {
    auto client = redis::Client::Connect(address());
    return client.ok() && (*client)->Ping().ok();
  };
  if (Eventually([&] { return !process_.Running() || answers(); }) && process_.Running()) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kUnavailable, "REDIS_NOT_STARTED", "redis-server does not start");
}

std::string RedisServer::address() const { return absl::StrCat("unix:", directory_.File("s")); }

void RedisServer::Stop() { process_.Terminate(kPatience); }

void RedisServer::StartAgain() { OrFail(Launch()); }

void RedisServer::Restart() {
  Stop();
  StartAgain();
}

void RedisServer::Kill() { process_.Kill(); }

void RedisServer::FlushAll() {
  auto client = redis::Client::Connect(address());
  OrFail(client.status());
  OrFail((*client)->FlushAll());
}

}  // namespace cognate::test_support
