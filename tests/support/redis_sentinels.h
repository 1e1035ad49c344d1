// A primary Redis, a replica of it and three sentinels, on free ports of this machine; as RedisServer for the
// rest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/process.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {

struct RedisSentinelsOptions {
  std::string password = {};           // of Redis
  std::string sentinel_password = {};  // of the sentinels
};

class RedisSentinels {
 public:
  static constexpr char kName[] = "jobs";

  // Returns when the replica follows and the sentinels know each other and it.
  static absl::StatusOr<std::unique_ptr<RedisSentinels>> Start(const RedisSentinelsOptions& options = {});

  std::string address() const;  // "redis-sentinel://…"
  // Which of the two is the primary, as most of the sentinels have it: 0 at first.
  int Primary();
  // The other one has what the primary has, and goes on following it.
  bool Follows();
  // Of one of the two by itself.
  std::string AddressOf(int server) const;
  // SIGKILL.
  void Kill(int server) { servers_[static_cast<size_t>(server)].process.Kill(); }
  absl::Status StartAgain(int server);
  // From here on the other one stays as it is: this one sends it nothing more.
  absl::Status StopReplication(int primary);
  void KillSentinel(int sentinel) { sentinels_[static_cast<size_t>(sentinel)].process.Kill(); }
  // As an operator would.
  absl::Status FailOver();
  // Says one command to a server or sentinel by redis-cli's words; what it answers, "" where it does not.
  std::string Ask(int port, const std::string& password, std::vector<std::string> words);
  int PortOf(int server) const { return servers_[static_cast<size_t>(server)].port; }

 private:
  struct Member {
    int port = 0;
    process::Process process;
  };

  explicit RedisSentinels(RedisSentinelsOptions options) : options_(std::move(options)), directory_("cgs") {}
  absl::Status Launch();
  absl::Status LaunchServer(size_t server);
  absl::Status LaunchSentinel(size_t sentinel);
  bool IsComplete();
  bool IsReplica(int server);
  std::string AskSentinel(size_t sentinel, std::vector<std::string> words);

  const RedisSentinelsOptions options_;
  TempDir directory_;
  std::vector<Member> servers_{2};
  std::vector<Member> sentinels_{3};
  int asked_ = 0;
};

}  // namespace cognate::test_support
