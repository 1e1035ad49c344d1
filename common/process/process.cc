#include "common/process/process.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/paths.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

extern char** environ;

namespace cognate::process {
namespace {

// Everything the child needs, made before fork: between fork and exec nothing may allocate.
struct Prepared {
  std::string program;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  bool change_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

absl::Status PrepareUser(const std::string& user, Prepared& prepared) {
  if (user.empty()) return absl::OkStatus();
  const passwd* const entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    return Error(absl::StatusCode::kNotFound, "USER_NOT_FOUND", absl::StrCat("there is no user ", user));
  }
  if (entry->pw_uid == geteuid()) return absl::OkStatus();
  prepared.change_user = true;
  prepared.uid = entry->pw_uid;
  prepared.gid = entry->pw_gid;
  int count = 64;
  prepared.groups.resize(static_cast<size_t>(count));
  if (getgrouplist(user.c_str(), prepared.gid, prepared.groups.data(), &count) < 0) count = 0;
  prepared.groups.resize(static_cast<size_t>(count));
  return absl::OkStatus();
}

void PrepareEnvironment(const Command& command, Prepared& prepared) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool replaced = std::any_of(
        command.environment.begin(), command.environment.end(),
        [&](const auto& added) { return absl::StartsWith(*entry, absl::StrCat(added.first, "=")); });
    if (!replaced) prepared.environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : command.environment) {
    prepared.environment.push_back(absl::StrCat(name, "=", value));
  }
  for (std::string& entry : prepared.environment) prepared.envp.push_back(entry.data());
  prepared.envp.push_back(nullptr);
}

absl::StatusOr<Prepared> Prepare(const Command& command) {
  Prepared prepared;
  if (command.argv.empty())
    return Error(absl::StatusCode::kInvalidArgument, "NO_PROGRAM", "got no program to run");
  ASSIGN_OR_RETURN(prepared.program, FindInPath(command.argv.front()));
  RETURN_IF_ERROR(PrepareUser(command.user, prepared));
  for (const std::string& argument : command.argv)
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  prepared.argv.push_back(nullptr);
  PrepareEnvironment(command, prepared);
  return prepared;
}

void DefaultSignals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// In the child. Returns, with errno, only when a step failed.
void BecomeProgram(const Command& command, const Prepared& prepared, pid_t parent) {
  setpgid(0, 0);
  DefaultSignals();
  if (!command.log_file.empty()) {
    const int log = open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) return;
  }
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, 0) < 0) return;
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return;
  if (prepared.change_user && (setgroups(prepared.groups.size(), prepared.groups.data()) != 0 ||
                               setgid(prepared.gid) != 0 || setuid(prepared.uid) != 0)) {
    return;
  }
  // After the change of user, which clears it. A parent that died before this line sends nothing any more.
  if (prctl(PR_SET_PDEATHSIG, command.death_signal) != 0) return;
  if (getppid() != parent) _exit(0);
  if (!command.working_directory.empty() && chdir(command.working_directory.c_str()) != 0) return;
  execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
}

int ExitCode(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

absl::Status SpawnFailed(const Command& command, int error) {
  return Error(error == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kFailedPrecondition,
               "PROCESS_NOT_STARTED",
               absl::StrCat("cannot run ", command.argv.front(), ": ", std::strerror(error)));
}

std::string Tail(const std::string& path, size_t bytes) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return text.size() > bytes ? text.substr(text.size() - bytes) : text;
}

}  // namespace

absl::StatusOr<Process> Process::Spawn(const Command& command) {
  ASSIGN_OR_RETURN(const Prepared prepared, Prepare(command));
  int failure[2];  // closed by a successful exec; else the child writes errno
  if (pipe2(failure, O_CLOEXEC) != 0) return SpawnFailed(command, errno);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // Above 2 whatever the pipe got, so that the child's own files cannot cover it.
    const int report = fcntl(failure[1], F_DUPFD_CLOEXEC, 3);
    BecomeProgram(command, prepared, parent);
    const int error = errno;
    if (write(report, &error, sizeof(error)) < 0) _exit(126);
    _exit(127);
  }
  const int fork_error = errno;
  close(failure[1]);
  int error = 0;
  const ssize_t told = pid < 0 ? 0 : read(failure[0], &error, sizeof(error));
  close(failure[0]);
  if (pid < 0) return SpawnFailed(command, fork_error);
  Process process;
  process.pid_ = pid;
  if (told <= 0) return process;
  process.Kill();
  return SpawnFailed(command, error);
}

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  Kill();
  pid_ = std::exchange(other.pid_, -1);
  exit_code_ = std::exchange(other.exit_code_, std::nullopt);
  return *this;
}

bool Process::Running() { return pid_ > 0 && !Wait(absl::ZeroDuration()); }

std::optional<int> Process::Wait(absl::Duration timeout) {
  if (pid_ <= 0 || exit_code_) return exit_code_;
  const absl::Time deadline = absl::Now() + timeout;
  absl::Duration pause = absl::Milliseconds(1);
  while (true) {
    int wait_status = 0;
    const pid_t reaped = waitpid(pid_, &wait_status, timeout == absl::InfiniteDuration() ? 0 : WNOHANG);
    if (reaped == pid_) return exit_code_ = ExitCode(wait_status);
    if (reaped < 0 && errno != EINTR) return exit_code_ = 255;  // somebody else has reaped it
    if (absl::Now() >= deadline) return std::nullopt;
    absl::SleepFor(std::min(pause, std::max(deadline - absl::Now(), absl::ZeroDuration())));
    pause = std::min(pause * 2, absl::Milliseconds(20));
  }
}

void Process::Signal(int signal_number) {
  if (Running()) kill(pid_, signal_number);
}

int Process::Terminate(absl::Duration grace, int signal_number) {
  Signal(signal_number);
  if (const std::optional<int> code = Wait(grace)) return *code;
  Kill();
  return exit_code_.value_or(0);
}

void Process::Kill() {
  if (pid_ <= 0 || exit_code_) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);  // it may have left its group
  Wait(absl::InfiniteDuration());
}

absl::Status RunToEnd(const Command& command, absl::Duration timeout) {
  ASSIGN_OR_RETURN(Process process, Process::Spawn(command));
  const std::optional<int> code = process.Wait(timeout);
  if (code == 0) return absl::OkStatus();
  return Error(
      absl::StatusCode::kFailedPrecondition, "PROCESS_FAILED",
      absl::StrCat(command.argv.front(), code ? absl::StrCat(" exited with ", *code) : " did not end in time",
                   command.log_file.empty() ? "" : ": ", Tail(command.log_file, 2000)));
}

}  // namespace cognate::process
