#include "tests/support/redis_cluster.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace cognate::test_support {
namespace {

constexpr char kNodeTimeoutMs[] = "1500";

absl::Status NotStarted(const std::string& why) {
  return Error(absl::StatusCode::kUnavailable, "REDIS_NOT_STARTED", why);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisCluster>> RedisCluster::Start() {
  std::unique_ptr<RedisCluster> started(new RedisCluster());
  RETURN_IF_ERROR(started->Launch());
  return started;
}

absl::Status RedisCluster::Launch() {
  for (Node& node : nodes_) node.port = FreePort();
  for (size_t i = 0; i < nodes_.size(); ++i) RETURN_IF_ERROR(LaunchNode(i));
  std::vector<std::string> words = {"--cluster", "create"};
  for (size_t i = 0; i < nodes_.size(); ++i) words.push_back(AddressOf(static_cast<int>(i)));
  words.insert(words.end(), {"--cluster-replicas", "1", "--cluster-yes"});
  const std::string said = Run(words);
  if (!Eventually([&] { return IsComplete(); })) return NotStarted(absl::StrCat("no cluster: ", said));
  return absl::OkStatus();
}

absl::Status RedisCluster::LaunchNode(size_t index) {
  Node& node = nodes_[index];
  process::Command command;
  // The port that nodes speak with each other at is not the usual one, which may be beyond the last.
  command.argv = {"redis-server",
                  "--port",
                  absl::StrCat(node.port),
                  "--bind",
                  "127.0.0.1",
                  "--dir",
                  directory_.path(),
                  "--save",
                  "",
                  "--appendonly",
                  "no",
                  "--repl-diskless-sync-delay",
                  "0",
                  "--cluster-enabled",
                  "yes",
                  "--cluster-config-file",
                  absl::StrCat("nodes-", index, ".conf"),
                  "--cluster-node-timeout",
                  kNodeTimeoutMs,
                  "--cluster-port",
                  absl::StrCat(FreePort())};
  command.log_file = directory_.File(absl::StrCat("redis-", index, ".log"));
  ASSIGN_OR_RETURN(node.process, process::Process::Spawn(command));
  const auto answers = [&] { return Ask(static_cast<int>(index), {"PING"}) == "PONG"; };
  if (Eventually([&] { return !node.process.Running() || answers(); }) && node.process.Running())
    return absl::OkStatus();
  return NotStarted("redis-server does not start");
}

absl::Status RedisCluster::StartAgain(int node) { return LaunchNode(static_cast<size_t>(node)); }

bool RedisCluster::IsComplete() {
  int replicas = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const int node = static_cast<int>(i);
    const std::string info = Ask(node, {"CLUSTER", "INFO"});
    if (!absl::StrContains(info, "cluster_state:ok") || !absl::StrContains(info, "cluster_slots_ok:16384"))
      return false;
    if (!absl::StrContains(info, "cluster_known_nodes:6")) return false;
    const std::string role = Ask(node, {"ROLE"});
    if (absl::StartsWith(role, "slave") && absl::StrContains(role, "\nconnected\n")) ++replicas;
  }
  return replicas == 3;
}

int RedisCluster::HomeOf(const std::string& key) {
  // Whoever has it answers, and the others name its port.
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const std::string said = Ask(static_cast<int>(i), {"EXISTS", key});
    if (said.empty() || absl::StrContains(said, "CLUSTERDOWN")) continue;
    if (!absl::StrContains(said, "MOVED")) return static_cast<int>(i);
    for (size_t other = 0; other < nodes_.size(); ++other)
      if (absl::StrContains(said, absl::StrCat("127.0.0.1:", nodes_[other].port)))
        return static_cast<int>(other);
  }
  return -1;
}

bool RedisCluster::Follows(int primary) {
  const std::string role = Ask(primary, {"ROLE"});
  if (!absl::StartsWith(role, "master")) return false;
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
    return node.port != nodes_[static_cast<size_t>(primary)].port &&
           absl::StrContains(role, absl::StrCat("127.0.0.1\n", node.port));
  });
}

int RedisCluster::OtherThan(int primary) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const int node = static_cast<int>(i);
    if (node != primary && absl::StartsWith(Ask(node, {"ROLE"}), "master")) return node;
  }
  return -1;
}

std::string RedisCluster::IdOf(int node) { return Ask(node, {"CLUSTER", "MYID"}); }

absl::Status RedisCluster::MoveSlot(const std::string& key, int to) {
  const int from = HomeOf(key);
  const std::string slot = Ask(from, {"CLUSTER", "KEYSLOT", key});
  const std::string source = IdOf(from);
  const std::string target = IdOf(to);
  Ask(to, {"CLUSTER", "SETSLOT", slot, "IMPORTING", source});
  Ask(from, {"CLUSTER", "SETSLOT", slot, "MIGRATING", target});
  while (true) {
    const std::string keys = Ask(from, {"CLUSTER", "GETKEYSINSLOT", slot, "100"});
    if (keys.empty()) break;
    std::vector<std::string> words = {
        "MIGRATE", "127.0.0.1", absl::StrCat(nodes_[static_cast<size_t>(to)].port), "", "0", "5000", "KEYS"};
    for (const absl::string_view one : absl::StrSplit(keys, '\n')) words.emplace_back(one);
    const std::string moved = Ask(from, words);
    if (moved != "OK" && moved != "NOKEY") return absl::UnavailableError(moved);
  }
  for (const int node : {to, from}) {
    const std::string said = Ask(node, {"CLUSTER", "SETSLOT", slot, "NODE", target});
    if (said != "OK") return absl::UnavailableError(said);
  }
  return absl::OkStatus();
}

std::string RedisCluster::AddressOf(int node) const {
  return absl::StrCat("127.0.0.1:", nodes_[static_cast<size_t>(node)].port);
}

std::string RedisCluster::address() const {
  return absl::StrCat("redis-cluster://", absl::StrJoin(nodes_, ",", [](std::string* out, const Node& node) {
                        absl::StrAppend(out, "127.0.0.1:", node.port);
                      }));
}

std::string RedisCluster::Ask(int node, std::vector<std::string> words) {
  words.insert(words.begin(),
               {"-h", "127.0.0.1", "-p", absl::StrCat(nodes_[static_cast<size_t>(node)].port)});
  return Run(std::move(words));
}

// By the program that operators use, so that what is tested is not its own witness.
std::string RedisCluster::Run(std::vector<std::string> words) {
  const std::string answer = directory_.File(absl::StrCat("answer-", ++asked_));
  process::Command command;
  command.argv = {"redis-cli"};
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
