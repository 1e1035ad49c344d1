// Child processes: the private PostgreSQL and Redis of `cognate up` and of the tests.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/process/paths.h"  // IWYU pragma: export

namespace cognate::process {

struct Command {
  std::vector<std::string> argv = {};  // argv[0] is a path or is looked up in PATH
  std::string user = {};               // run as this user; empty: as ourselves. Only root may name another.
  std::string log_file = {};  // stdout and stderr are appended here; empty: inherited; "/dev/null" works
  std::string working_directory = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // on top of ours
  // Sent to the child when the THREAD that spawned it ends: spawn from a thread that lives as long as the
  // child should.
  int death_signal = SIGKILL;
};

// Owns one running child, in its own process group, with default and unblocked signals and no file of ours
// but 0, 1, 2. Not thread safe.
class Process {
 public:
  // NOT_FOUND when there is no such program or user; otherwise the child runs the program.
  static absl::StatusOr<Process> Spawn(const Command& command);

  Process() = default;
  Process(Process&& other) noexcept { *this = std::move(other); }
  Process& operator=(Process&& other) noexcept;
  ~Process() { Kill(); }

  pid_t pid() const { return pid_; }
  // Reaps the child if it has ended.
  bool Running();
  // The exit code, or 128 + signal as shells say it; nullopt while it runs after `timeout`.
  std::optional<int> Wait(absl::Duration timeout);
  // To the process alone; does nothing once it has ended.
  void Signal(int signal_number);
  // Asks with `signal_number`, waits for `grace`, then kills the group. Gives the exit code as Wait does.
  int Terminate(absl::Duration grace, int signal_number = SIGTERM);
  // SIGKILL to the whole group, and reaps.
  void Kill();

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// Runs to the end; the exit code is not 0: FAILED_PRECONDITION with the tail of what it wrote to `log_file`.
absl::Status RunToEnd(const Command& command, absl::Duration timeout);

}  // namespace cognate::process
