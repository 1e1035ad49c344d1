#include "bench/rsync.h"

#include <filesystem>
#include <fstream>
#include <iostream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "common/process/process.h"

namespace cognate::bench {
namespace {

int FreePort() {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  bind(handle, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length);
  close(handle);
  return ntohs(address.sin_port);
}

bool Answers(int port) {
  const int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool answers = connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(handle);
  return answers;
}

}  // namespace

std::optional<double> RsyncSeconds(const std::string& tree, const std::string& target) {
  if (!process::FindInPath("rsync").ok()) {
    Say("rsync is not installed (scripts/setup bench): it is NOT measured");
    return std::nullopt;
  }
  std::filesystem::create_directories(target);
  const std::string settings = target + ".conf";
  std::ofstream(settings) << "use chroot = no\nuid = " << geteuid() << "\ngid = " << getegid()
                          << "\n[tree]\npath = " << target << "\nread only = no\n";
  const int port = FreePort();
  auto daemon =
      process::Process::Spawn({.argv = {"rsync", "--daemon", "--no-detach", "--address=127.0.0.1",
                                        absl::StrCat("--port=", port), absl::StrCat("--config=", settings)},
                               .log_file = "/dev/null"});
  if (!daemon.ok()) {
    Say(absl::StrCat("rsync does not start: ", daemon.status().message()));
    return std::nullopt;
  }
  SecondsUntil("the rsync daemon answers", absl::Now(), absl::Milliseconds(20),
               [&] { return Answers(port); });
  WaitUntilIdle();
  const absl::Time started = absl::Now();
  const absl::Status sent = process::RunToEnd(
      {.argv = {"rsync", "-a", tree + "/", absl::StrCat("rsync://127.0.0.1:", port, "/tree/")},
       .log_file = target + ".log"},
      absl::Minutes(10));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - started);
  daemon->Kill();
  std::filesystem::remove_all(target);
  if (!sent.ok()) {
    Say(absl::StrCat("rsync failed: ", sent.message()));
    return std::nullopt;
  }
  return seconds;
}

}  // namespace cognate::bench
