// `cognate up` with its private servers: quick to start, keeps its data, leaves nothing behind.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/process/process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace cognate {
namespace {

namespace fs = std::filesystem;
using test_support::Eventually;

// Processes whose command line names `text`, other than this one.
std::vector<std::string> ProcessesNaming(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::stringstream content;
    content << file.rdbuf();
    std::string line = content.str();
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(text) != std::string::npos) found.push_back(line);
  }
  return found;
}

class UpTest : public ::testing::Test {
 protected:
  std::string Bin() const {
    const char* directory = std::getenv("COGNATE_BIN_DIR");  // NOLINT(concurrency-mt-unsafe)
    return absl::StrCat(directory != nullptr ? directory : "build/release/bin", "/cognate");
  }

  // Starts it and waits until it is ready; how long that took.
  absl::Duration StartUp() {
    fs::remove(ready_file_);
    const absl::Time started = absl::Now();
    auto spawned = process::Process::Spawn(
        {.argv = {Bin(), "up", absl::StrCat("--data-dir=", data_), "--listen=127.0.0.1:0",
                  "--admin=127.0.0.1:0", absl::StrCat("--ready-file=", ready_file_)},
         .log_file = directory_.File("up.log")});
    EXPECT_TRUE(spawned.ok()) << spawned.status();
    up_ = *std::move(spawned);
    EXPECT_TRUE(Eventually([&] { return fs::exists(ready_file_) || !up_.Running(); }, absl::Seconds(60)));
    const absl::Duration took = absl::Now() - started;
    std::ifstream file(ready_file_);
    const nlohmann::json ready = nlohmann::json::parse(file, nullptr, false);
    EXPECT_FALSE(ready.is_discarded()) << Log();
    if (!ready.is_discarded()) address_ = ready["grpc"];
    return took;
  }

  std::string Log() const {
    std::ifstream file(directory_.File("up.log"));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  absl::Status Cognate(std::vector<std::string> words) {
    words.insert(words.begin(), {Bin(), absl::StrCat("--address=", address_)});
    return process::RunToEnd({.argv = std::move(words), .log_file = directory_.File("cli.log")},
                             absl::Seconds(30));
  }

  test_support::TempDir directory_{"cgu"};
  std::string data_ = directory_.File("data");
  std::string ready_file_ = directory_.File("ready.json");
  std::string address_;
  process::Process up_;
};

TEST_F(UpTest, KeepsItsDataOverARestartAndStartsQuickly) {
  StartUp();
  ASSERT_EQ(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus()) << Log();
  EXPECT_EQ(up_.Terminate(absl::Seconds(30)), 0) << Log();
  EXPECT_TRUE(ProcessesNaming(data_).empty());
  const absl::Duration again = StartUp();
  EXPECT_NE(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus())
      << "it must be there already";
  EXPECT_EQ(up_.Terminate(absl::Seconds(30), SIGINT), 0) << Log();
  std::cout << "figure up.start seconds_once_initialised=" << absl::ToDoubleSeconds(again) << std::endl;
  EXPECT_LT(again, absl::Seconds(20));
}

TEST_F(UpTest, LeavesNoChildBehindWhenItIsKilled) {
  StartUp();
  EXPECT_FALSE(ProcessesNaming(data_).empty());
  up_.Signal(SIGKILL);
  EXPECT_TRUE(Eventually([&] { return ProcessesNaming(data_).empty(); }, absl::Seconds(20)))
      << ::testing::PrintToString(ProcessesNaming(data_));
  StartUp();  // And what it left can be started again.
  EXPECT_EQ(up_.Terminate(absl::Seconds(30)), 0) << Log();
}

TEST_F(UpTest, ASecondOneOnTheSameDataSaysSoAndLeavesTheFirstAlone) {
  StartUp();
  const absl::Status second = process::RunToEnd({.argv = {Bin(), "up", absl::StrCat("--data-dir=", data_),
                                                          "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"},
                                                 .log_file = directory_.File("second.log")},
                                                absl::Seconds(30));
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Cognate({"platform", "list"}), absl::OkStatus()) << Log();
  EXPECT_EQ(up_.Terminate(absl::Seconds(30)), 0) << Log();
}

}  // namespace
}  // namespace cognate
