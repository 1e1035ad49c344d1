#include "common/process/process.h"

#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::process {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::StatusIs;
using ::testing::HasSubstr;

class ProcessTest : public ::testing::Test {
 protected:
  Command Shell(const std::string& script) const {
    Command command;
    command.argv = {"sh", "-c", script};
    command.log_file = log_;
    return command;
  }
  std::string Log() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  test_support::TempDir directory_;
  std::string log_ = directory_.File("log");
};

TEST_F(ProcessTest, RunsWithEnvironmentDirectoryAndLog) {
  Command command = Shell("echo \"$GREETING from $(pwd)\"; exit 3");
  command.environment = {{"GREETING", "Grüße"}};
  command.working_directory = "/";
  ASSERT_OK_AND_ASSIGN(Process process, Process::Spawn(command));
  EXPECT_EQ(process.Wait(absl::InfiniteDuration()), 3);
  EXPECT_EQ(Log(), "Grüße from /\n");
  EXPECT_FALSE(process.Running());
}

TEST_F(ProcessTest, AMissingProgramOrUserIsNotFound) {
  EXPECT_THAT(Process::Spawn({.argv = {"no-such-program"}}), HasReason("PROGRAM_NOT_FOUND"));
  Command command = Shell("true");
  command.user = "no-such-user";
  EXPECT_THAT(Process::Spawn(command), HasReason("USER_NOT_FOUND"));
  Command nowhere = Shell("true");
  nowhere.working_directory = "/no/such/folder";
  EXPECT_THAT(Process::Spawn(nowhere), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ProcessTest, TerminateAsksAndThenKillsTheWholeGroup) {
  ASSERT_OK_AND_ASSIGN(Process polite,
                       Process::Spawn(Shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done")));
  EXPECT_TRUE(Eventually([&] { return Log() == "up\n"; }));
  EXPECT_EQ(polite.Terminate(absl::Seconds(5)), 7);

  ASSERT_OK_AND_ASSIGN(Process stubborn, Process::Spawn(Shell("trap '' TERM; sleep 1000 & echo $!; wait")));
  EXPECT_TRUE(Eventually([&] { return Log().size() > 4; }));
  const int grandchild = std::stoi(Log().substr(3));
  EXPECT_EQ(stubborn.Terminate(absl::Milliseconds(20)), 128 + SIGKILL);
  EXPECT_TRUE(Eventually([&] {
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string id, name, state;
    return !(status >> id >> name >> state) || state == "Z";
  }));
}

TEST_F(ProcessTest, DropsToAnotherUserWhenRoot) {
  if (geteuid() != 0) return;  // nobody but root may
  Command command = Shell("id -un; grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l");
  command.user = "nobody";
  EXPECT_OK(RunToEnd(command, absl::Seconds(10)));
  EXPECT_THAT(Log(), HasSubstr("nobody\nSigBlk:\t0000000000000000\n"));
}

TEST_F(ProcessTest, RunToEndTellsWhatTheProgramSaid) {
  EXPECT_THAT(RunToEnd(Shell("echo so bad; exit 2"), absl::Seconds(10)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("exited with 2: so bad")));
}

}  // namespace
}  // namespace cognate::process
