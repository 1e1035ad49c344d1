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
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace cognate {
namespace {

namespace fs = std::filesystem;
using test_support::Eventually;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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
  // Starts it and waits until it is ready; how long that took.
  absl::Duration StartUp(const std::vector<std::string>& more = {}) {
    more_ = more;
    fs::remove(ready_file_);
    const absl::Time started = absl::Now();
    auto spawned = process::Process::Spawn(
        {.argv = UpWords(), .log_file = directory_.File("up.log"), .working_directory = directory_.path()});
    EXPECT_TRUE(spawned.ok()) << spawned.status();
    up_ = *std::move(spawned);
    EXPECT_TRUE(Eventually([&] { return fs::exists(ready_file_) || !up_.Running(); }));
    const absl::Duration took = absl::Now() - started;
    std::ifstream file(ready_file_);
    const nlohmann::json ready = nlohmann::json::parse(file, nullptr, false);
    EXPECT_FALSE(ready.is_discarded()) << Log();
    if (!ready.is_discarded()) address_ = ready["grpc"];
    return took;
  }

  std::vector<std::string> UpWords() const {
    std::vector<std::string> words = {test_support::Program("cognate"), "up",
                                      absl::StrCat("--data-dir=", data_), "--admin=127.0.0.1:0",
                                      absl::StrCat("--ready-file=", ready_file_)};
    words.insert(words.end(), more_.begin(), more_.end());
    return words;
  }

  std::string Log() const { return TextOf("up.log"); }
  std::string TextOf(const std::string& name) const {
    std::ifstream file(directory_.File(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // As somebody would who is where `up` was started.
  absl::Status Cognate(std::vector<std::string> words,
                       std::vector<std::pair<std::string, std::string>> environment = {}) {
    words.insert(words.begin(), test_support::Program("cognate"));
    fs::remove(directory_.File("cli.log"));
    return process::RunToEnd({.argv = std::move(words),
                              .log_file = directory_.File("cli.log"),
                              .working_directory = directory_.path(),
                              .environment = std::move(environment)},
                             absl::Seconds(30));
  }
  std::string Said() const { return TextOf("cli.log"); }

  test_support::TempDir directory_{"cgu"};
  std::string data_ = directory_.File(".cognate");
  std::vector<std::string> more_;
  std::string ready_file_ = directory_.File("ready.json");
  std::string address_;
  process::Process up_;
};

TEST_F(UpTest, KeepsItsDataOverARestartAndStartsQuickly) {
  StartUp();
  ASSERT_EQ(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus()) << Log();
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0) << Log();
  EXPECT_TRUE(ProcessesNaming(data_).empty());
  const absl::Duration again = StartUp();
  EXPECT_NE(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus())
      << "it must be there already";
  EXPECT_EQ(up_.Terminate(test_support::kPatience, SIGINT), 0) << Log();
  std::cout << "figure up.start seconds_once_initialised=" << absl::ToDoubleSeconds(again) << std::endl;
}

TEST_F(UpTest, LeavesNoChildBehindWhenItIsKilled) {
  StartUp();
  EXPECT_FALSE(ProcessesNaming(data_).empty());
  up_.Signal(SIGKILL);
  // One that is ending has no words any more, and still holds its data directory.
  EXPECT_EQ(up_.Wait(test_support::kPatience), 128 + SIGKILL);
  EXPECT_TRUE(Eventually([&] { return ProcessesNaming(data_).empty(); }))
      << ::testing::PrintToString(ProcessesNaming(data_));
  StartUp();  // And what it left can be started again.
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0) << Log();
}

TEST_F(UpTest, ASecondOneOnTheSameDataSaysSoAndLeavesTheFirstAlone) {
  StartUp();
  const absl::Status second = process::RunToEnd(
      {.argv = UpWords(), .log_file = directory_.File("second.log"), .working_directory = directory_.path()},
      absl::Seconds(30));
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Cognate({"platform", "list"}), absl::OkStatus()) << Log();
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0) << Log();
}

TEST_F(UpTest, ItsSocketIsForItsUserAloneAndAsksForNoKey) {
  StartUp();
  EXPECT_EQ(address_, absl::StrCat("unix:", data_, "/cognate.sock"));
  EXPECT_EQ(fs::status(data_ + "/cognate.sock").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus()) << Said();
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0) << Log();
  EXPECT_NE(Cognate({"platform", "list"}), absl::OkStatus());
  EXPECT_THAT(Said(), AllOf(HasSubstr("cognate.sock"), HasSubstr("`cognate up`"), HasSubstr("--address")));
}

TEST_F(UpTest, OverTcpAKeyIsAskedFor) {
  const std::string key(32, 'k');
  std::ofstream(directory_.File("key")) << key << "\n";
  StartUp({"--listen=127.0.0.1:0", "--plaintext", "--service-key-file", directory_.File("key")});
  const std::vector<std::string> list = {"--address", address_, "platform", "list"};
  EXPECT_NE(Cognate(list), absl::OkStatus());
  EXPECT_THAT(Said(), AllOf(HasSubstr("KEY_MISSING"), HasSubstr("COGNATE_KEY_FILE")));
  EXPECT_NE(Cognate(list, {{"COGNATE_KEY", std::string(32, 'x')}}), absl::OkStatus());
  EXPECT_THAT(Said(), AllOf(HasSubstr("KEY_INVALID"), Not(HasSubstr("xxxx"))));
  EXPECT_EQ(Cognate(list, {{"COGNATE_KEY", key}}), absl::OkStatus()) << Said();
  EXPECT_EQ(Cognate(list, {{"COGNATE_KEY_FILE", directory_.File("key")}}), absl::OkStatus()) << Said();
  EXPECT_NE(Cognate(list, {{"COGNATE_KEY_FILE", directory_.File("nothing")}}), absl::OkStatus());
  EXPECT_THAT(Said(), HasSubstr("cannot read"));
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0);
  EXPECT_THAT(Log(), Not(HasSubstr("kkkk")));
}

TEST_F(UpTest, SaysWhatElseThereIsWherePlaintextIsRefused) {
  more_ = {"--listen=127.0.0.1:0"};
  const absl::Status refused = process::RunToEnd(
      {.argv = UpWords(), .log_file = directory_.File("up.log"), .working_directory = directory_.path()},
      absl::Seconds(30));
  EXPECT_NE(refused, absl::OkStatus());
  EXPECT_THAT(Log(), AllOf(HasSubstr("PLAINTEXT_REFUSED"), HasSubstr("--tls-certificate-file"),
                           HasSubstr("unix:"), HasSubstr("--plaintext")));
  EXPECT_FALSE(fs::exists(data_)) << "nothing was begun";
}

TEST_F(UpTest, LetsWhoeverIsOnThisMachineTryThingsWhereItIsSaid) {
  StartUp({absl::StrCat("--listen=127.0.0.1:0,unix:", data_, "/cognate.sock"), "--plaintext",
           "--anonymous-role=viewer"});
  EXPECT_EQ(Cognate({"platform", "create", "till", "--agent"}), absl::OkStatus()) << Said();
  EXPECT_EQ(Cognate({"--address", address_, "platform", "list"}), absl::OkStatus()) << Said();
  EXPECT_NE(Cognate({"--address", address_, "platform", "create", "other", "--agent"}), absl::OkStatus());
  EXPECT_THAT(Said(), HasSubstr("SCOPE_MISSING"));
  EXPECT_EQ(up_.Terminate(test_support::kPatience), 0);
}

}  // namespace
}  // namespace cognate
