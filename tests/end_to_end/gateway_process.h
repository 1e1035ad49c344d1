// The gateway as a process of its own.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/end_to_end/gateway_fixture.h"
#include "tests/support/environment.h"

namespace cognate {

// The process, and where it listens.
class GatewayProcess {
 public:
  GatewayProcess(const test_support::TempDir& directory, std::vector<std::string> arguments,
                 std::vector<std::pair<std::string, std::string>> environment = {},
                 const std::string& http = "127.0.0.1:0")
      : log_(directory.File("gateway.log")) {
    std::filesystem::remove(log_);
    arguments.insert(arguments.begin(),
                     {test_support::Program("gateway"), absl::StrCat("--http=", http), "--admin=127.0.0.1:0",
                      absl::StrCat("--listen=unix:", directory.File("gateway.sock"))});
    auto spawned =
        process::Process::Spawn({.argv = arguments, .log_file = log_, .environment = std::move(environment)});
    EXPECT_THAT(spawned, test_support::IsOk());
    process_ = *std::move(spawned);
    EXPECT_TRUE(test_support::Eventually([&] {
      return Find("\"addresses\":\"", &address_) || !process_.Running();
    })) << contract::ReadFile(log_);
  }

  process::Process& process() { return process_; }
  const std::string& address() const { return address_; }
  std::string log() const { return contract::ReadFile(log_); }

  int64_t ResidentBytes() const {
    std::ifstream statm(absl::StrCat("/proc/", process_.pid(), "/statm"));
    int64_t total = 0;
    int64_t resident = 0;
    statm >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
  }

 private:
  // What stands in the log after `words`, up to a quotation mark.
  bool Find(const std::string& words, std::string* found) const {
    if (!std::filesystem::exists(log_)) return false;
    const std::string text = contract::ReadFile(log_);
    const size_t at = text.find(words);
    const size_t end = at == std::string::npos ? at : text.find('"', at + words.size());
    if (end == std::string::npos) return false;
    *found = text.substr(at + words.size(), end - at - words.size());
    return true;
  }

  const std::string log_;
  process::Process process_;
  std::string address_;
};

// Where it finds the services.
inline std::vector<std::string> Peers(const cluster::Cluster& cluster) {
  std::vector<std::string> peers;
  for (const auto& [flag, name] : {std::pair{"registry", "platform-registry"},
                                   {"change-capture", "change-capture"},
                                   {"transformer", "transformer"},
                                   {"delivery", "delivery"},
                                   {"feedback", "feedback"},
                                   {"file-transfer", "file-transfer"}}) {
    peers.push_back(absl::StrCat("--", flag, "=", cluster.Address(name)));
  }
  return peers;
}

}  // namespace cognate
