// A private Redis for tests, on a Unix socket, without persistence unless asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/process.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {

struct RedisOptions {
  bool persistent = false;                  // append-only file, so that a restart keeps the data
  std::vector<std::string> arguments = {};  // more of redis-server's, such as "--maxmemory", "64mb"
};

class RedisServer {
 public:
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start(const RedisOptions& options = {});
  // The one server of this test program; a machine without Redis FAILS the program with a sentence.
  static RedisServer& Shared();
  ~RedisServer();

  std::string address() const;  // "unix:/…"
  void Stop();
  void StartAgain();  // after Stop or Kill, at the same address; returns when it answers
  void Restart();
  void Kill();
  // Stands still, as a machine that hangs: connections stay, nothing answers.
  void Pause() { process_.Signal(SIGSTOP); }
  void Resume() { process_.Signal(SIGCONT); }
  void FlushAll();

 private:
  explicit RedisServer(const RedisOptions& options) : options_(options), directory_("cgr") {}
  absl::Status Launch();

  const RedisOptions options_;
  TempDir directory_;
  process::Process process_;
};

}  // namespace cognate::test_support
