// The service's own program, which can be killed.
#pragma once

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/process/process.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {

class FilesProcess {
 public:
  // `store`: another process's, with its database; empty: its own.
  explicit FilesProcess(std::string uri = test_support::PostgresServer::Shared().CreateDatabase(),
                        std::string store = "")
      : uri_(std::move(uri)), store_(store.empty() ? directory_.File("store") : std::move(store)) {
    EXPECT_OK(process::RunToEnd(Command("migrate"), test_support::kPatience)) << Log();
    Start();
  }
  ~FilesProcess() { process_.Kill(); }

  void Start() { process_ = test_support::ValueOrDie(process::Process::Spawn(Command("serve"))); }
  // SIGKILL, and gone when this returns.
  void Kill() { process_.Kill(); }
  int Terminate() { return process_.Terminate(test_support::kPatience); }

  std::string address() const { return absl::StrCat("unix:", directory_.File("files.sock")); }
  const std::string& uri() const { return uri_; }
  const std::string& store() const { return store_; }

  // A line of /proc/…/status in KiB, such as VmRSS.
  int64_t Memory(const std::string& line) const {
    std::ifstream status(absl::StrCat("/proc/", process_.pid(), "/status"));
    for (std::string text; std::getline(status, text);) {
      int64_t kib = 0;
      if (text.rfind(line + ":", 0) == 0 && std::sscanf(text.c_str() + line.size() + 1, "%ld", &kib) == 1)
        return kib;
    }
    return 0;
  }

  std::string Log() const {
    std::stringstream text;
    text << std::ifstream(directory_.File("log")).rdbuf();
    const std::string all = text.str();
    return all.size() <= 4'000 ? all : all.substr(all.size() - 4'000);
  }

 private:
  process::Command Command(const char* command) const {
    process::Command result;
    result.argv = {test_support::Program("file-transfer"), command,
                   absl::StrCat("--listen=", address()),   "--admin=127.0.0.1:0",
                   absl::StrCat("--file-store=", store()), "--log-level=warn"};
    result.environment = {{"COGNATE_POSTGRES_URI", uri_}};
    result.log_file = directory_.File("log");
    return result;
  }

  const std::string uri_;
  test_support::TempDir directory_;
  const std::string store_;
  process::Process process_;
};

using test_support::FromEnvironment;

}  // namespace cognate::file_transfer
