#include "tests/support/redis_sentinels.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace cognate::test_support {
namespace {

constexpr char kDownAfterMs[] = "1000";
constexpr char kFailoverTimeoutMs[] = "4000";

absl::Status NotStarted(const std::string& why) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_NOT_STARTED", why);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisSentinels>> RedisSentinels::Start(const RedisSentinelsOptions& options) {
  std::unique_ptr<RedisSentinels> started(new RedisSentinels(options));
  RETURN_IF_ERROR(started->Launch());
  return started;
}

absl::Status RedisSentinels::Launch() {
  for (Member& member : servers_) member.port = FreePort();
  for (Member& member : sentinels_) member.port = FreePort();
  for (size_t i = 0; i < servers_.size(); ++i) RETURN_IF_ERROR(LaunchServer(i));
  if (!Eventually([&] { return IsReplica(1); })) return NotStarted("the replica does not follow");
  for (size_t i = 0; i < sentinels_.size(); ++i) RETURN_IF_ERROR(LaunchSentinel(i));
  if (!Eventually([&] { return IsComplete(); })) return NotStarted("the sentinels do not find each other");
  return absl::OkStatus();
}

absl::Status RedisSentinels::LaunchServer(size_t server) {
  Member& member = servers_[server];
  process::Command command;
  command.argv = {"redis-server",
                  "--port",
                  absl::StrCat(member.port),
                  "--bind",
                  "127.0.0.1",
                  "--dir",
                  directory_.path(),
                  "--save",
                  "",
                  "--appendonly",
                  "no",
                  "--repl-diskless-sync-delay",
                  "0"};
  const auto add = [&](std::vector<std::string> more) {
    command.argv.insert(command.argv.end(), more.begin(), more.end());
  };
  if (!options_.password.empty())
    add({"--requirepass", options_.password, "--masterauth", options_.password});
  if (server != 0) add({"--replicaof", "127.0.0.1", absl::StrCat(PortOf(0))});
  command.log_file = directory_.File(absl::StrCat("redis-", server, ".log"));
  ASSIGN_OR_RETURN(member.process, process::Process::Spawn(command));
  const auto answers = [&] { return Ask(member.port, options_.password, {"PING"}) == "PONG"; };
  if (Eventually([&] { return !member.process.Running() || answers(); }) && member.process.Running())
    return absl::OkStatus();
  return NotStarted("redis-server does not start");
}

// As the sentinels will: it follows whom they say.
absl::Status RedisSentinels::StartAgain(int server) { return LaunchServer(static_cast<size_t>(server)); }

absl::Status RedisSentinels::LaunchSentinel(size_t sentinel) {
  Member& member = sentinels_[sentinel];
  const std::string file = directory_.File(absl::StrCat("sentinel-", sentinel, ".conf"));
  std::ofstream settings(file);
  settings << "port " << member.port << "\nbind 127.0.0.1\ndir " << directory_.path() << "\nsentinel monitor "
           << kName << " 127.0.0.1 " << PortOf(0) << " 2\nsentinel down-after-milliseconds " << kName << " "
           << kDownAfterMs << "\nsentinel failover-timeout " << kName << " " << kFailoverTimeoutMs << "\n";
  if (!options_.password.empty())
    settings << "sentinel auth-pass " << kName << " " << options_.password << "\n";
  if (!options_.sentinel_password.empty()) {
    settings << "requirepass " << options_.sentinel_password << "\nsentinel sentinel-pass "
             << options_.sentinel_password << "\n";
  }
  settings.close();
  process::Command command;
  // Debian's redis-sentinel is a link to this.
  command.argv = {"redis-server", file, "--sentinel"};
  command.log_file = directory_.File(absl::StrCat("sentinel-", sentinel, ".log"));
  ASSIGN_OR_RETURN(member.process, process::Process::Spawn(command));
  return absl::OkStatus();
}

bool RedisSentinels::IsComplete() {
  for (size_t i = 0; i < sentinels_.size(); ++i) {
    const std::string said = AskSentinel(i, {"SENTINEL", "MASTER", kName});
    if (!absl::StrContains(said, "num-slaves\n1") || !absl::StrContains(said, "num-other-sentinels\n2"))
      return false;
  }
  return true;
}

bool RedisSentinels::IsReplica(int server) {
  const std::string said = Ask(PortOf(server), options_.password, {"ROLE"});
  return absl::StartsWith(said, "slave") && absl::StrContains(said, "\nconnected\n");
}

bool RedisSentinels::Follows() { return IsReplica(1 - Primary()); }

int RedisSentinels::Primary() {
  std::vector<int> votes(servers_.size());
  for (size_t i = 0; i < sentinels_.size(); ++i) {
    const std::string said = AskSentinel(i, {"SENTINEL", "get-master-addr-by-name", kName});
    for (size_t server = 0; server < servers_.size(); ++server)
      if (absl::StrContains(said, absl::StrCat(servers_[server].port))) ++votes[server];
  }
  return votes[1] > votes[0] ? 1 : 0;
}

absl::Status RedisSentinels::FailOver() {
  const std::string said = AskSentinel(0, {"SENTINEL", "FAILOVER", kName});
  return said == "OK" ? absl::OkStatus() : absl::UnavailableError(said);
}

absl::Status RedisSentinels::StopReplication(int primary) {
  const auto said = [&](std::vector<std::string> words) {
    return Ask(PortOf(primary), options_.password, std::move(words));
  };
  const std::string refused = said({"ACL", "SETUSER", "default", "-psync", "-sync"});
  if (refused != "OK") return absl::UnavailableError(refused);
  const std::string cut = said({"CLIENT", "KILL", "TYPE", "replica"});
  return cut == "1" ? absl::OkStatus() : absl::UnavailableError(cut);
}

std::string RedisSentinels::AddressOf(int server) const {
  return absl::StrCat("127.0.0.1:", servers_[static_cast<size_t>(server)].port);
}

std::string RedisSentinels::address() const {
  const std::string all = absl::StrJoin(sentinels_, ",", [](std::string* out, const Member& member) {
    absl::StrAppend(out, "127.0.0.1:", member.port);
  });
  return absl::StrCat("redis-sentinel://", all, "/", kName);
}

std::string RedisSentinels::AskSentinel(size_t sentinel, std::vector<std::string> words) {
  return Ask(sentinels_[sentinel].port, options_.sentinel_password, std::move(words));
}

// By the program that operators use, so that what is tested is not its own witness.
std::string RedisSentinels::Ask(int port, const std::string& password, std::vector<std::string> words) {
  const std::string answer = directory_.File(absl::StrCat("answer-", ++asked_));
  process::Command command;
  command.argv = {"redis-cli", "-h", "127.0.0.1", "-p", absl::StrCat(port), "--no-auth-warning"};
  if (!password.empty()) command.environment = {{"REDISCLI_AUTH", password}};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.log_file = answer;
  process::RunToEnd(command, kPatience).IgnoreError();
  std::ifstream file(answer);
  std::string said{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  unlink(answer.c_str());
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

}  // namespace cognate::test_support
