// A private PostgreSQL for tests: Unix socket only, made from a cached initdb, gone with its owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/process/process.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {

struct PostgresOptions {
  bool durable = false;                    // fsync and full pages on, for measurements that must not lie
  std::vector<std::string> settings = {};  // "name=value", last one wins
  // How far its clock is off: "+1h", "-90s". Not empty: by libfaketime (package faketime); SetClock works.
  std::string clock = {};
};

// Starts in about 0.2 s. Logical replication is on. Superuser postgres, no password. Not thread safe.
class PostgresServer {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(const PostgresOptions& options = {});
  // A hot standby of `primary`, which streams what that one writes, and is called `name` by it.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> StartStandby(const PostgresServer& primary,
                                                                      absl::string_view name);
  // The one server of this test program, started on first use. A machine without PostgreSQL FAILS the program
  // with a sentence that says what to install.
  static PostgresServer& Shared();
  ~PostgresServer();

  std::string Uri(absl::string_view database = "postgres", absl::string_view user = "postgres") const;
  // Of whichever of these servers may be written to.
  static std::string UriOfPrimary(const std::vector<const PostgresServer*>& servers,
                                  absl::string_view database);
  // Drops an older one of this name; gives the URI.
  std::string CreateDatabase(absl::string_view name);
  // A database with a name of its own.
  std::string CreateDatabase();

  enum class Mode { kFast, kImmediate };
  void Stop(Mode mode = Mode::kFast);
  // After Stop or Kill: same data, same address. Returns when it accepts connections.
  void StartAgain();
  void Restart(Mode mode = Mode::kFast);
  // SIGKILL to the server and all its processes.
  void Kill();
  // Stands still, as a machine that hangs: connections stay, nothing answers.
  void Pause() { SignalAll(SIGSTOP); }
  void Resume() { SignalAll(SIGCONT); }

  // Sets its clock while it runs, as `date -s` would.
  void SetClock(absl::string_view off);

  const std::string& data_directory() const { return data_; }
  std::string Log() const;
  // Its processes but the first, which are in sessions of their own.
  std::vector<pid_t> Children() const;

 private:
  explicit PostgresServer(const PostgresOptions& options);
  absl::Status Initialize();
  absl::Status CopyFrom(const PostgresServer& primary, absl::string_view name);
  absl::Status MakeRoot();
  absl::Status AddSettings(const std::string& settings);
  absl::Status Launch();
  void SignalAll(int signal_number);

  const PostgresOptions options_;
  TempDir directory_;
  std::string data_;
  std::string binaries_;
  int databases_ = 0;
  process::Process process_;
};

}  // namespace cognate::test_support
