#include "common/service/run_main.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/grpc/channel.h"
#include "common/process/process.h"
#include "common/service/fixture_service.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::service {
namespace {

using ::cognate::test_support::Eventually;
using ::cognate::test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Runs the program service_fixture, which stands beside this test.
class RunMainTest : public ::testing::Test {
 protected:
  process::Process Spawn(std::vector<std::string> arguments,
                         std::vector<std::pair<std::string, std::string>> environment = {}) {
    arguments.insert(
        arguments.begin(),
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "service-fixture").string());
    process::Command command;
    command.argv = std::move(arguments);
    command.log_file = log_;
    command.environment = std::move(environment);
    return ValueOrDie(process::Process::Spawn(command));
  }
  process::Process Serve(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--listen=" + address_, "--admin=127.0.0.1:0", "--drain-timeout=5s"});
    return Spawn(std::move(arguments));
  }

  int ExitCode(process::Process process) { return process.Wait(absl::Seconds(20)).value_or(-1); }

  std::string Output() const {
    std::ifstream file(log_);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  absl::StatusOr<v1::GetPlatformResponse> GetPlatform() const { return GetPlatform(address_, ""); }
  absl::StatusOr<v1::GetPlatformResponse> GetPlatform(const std::string& address,
                                                      const std::string& key) const {
    auto stub = v1::PlatformRegistryService::NewStub(grpc_support::MakeChannel(address));
    v1::GetPlatformRequest request;
    request.set_name("platforms/shop");
    return grpc_support::Call(*stub, &v1::PlatformRegistryService::Stub::GetPlatform, request,
                              {.authorization = key.empty() ? "" : "Bearer " + key});
  }
  // Where it says that it listens; 0 until then.
  int Port() const {
    std::smatch found;
    const std::string said = Output();
    return std::regex_search(said, found, std::regex("\"message\":\"started\".*\"port\":(\\d+)"))
               ? std::stoi(found[1])
               : 0;
  }

  test_support::TempDir directory_;
  const std::string log_ = directory_.File("log");
  const std::string address_ = "unix:" + directory_.File("grpc.sock");
};

TEST_F(RunMainTest, ServesUntilSigtermAndThenExitsWithZero) {
  process::Process process = Serve({"--greeting=hey "});
  ASSERT_TRUE(Eventually([&] { return GetPlatform().ok(); })) << Output();
  EXPECT_EQ(GetPlatform()->platform().name(), "hey platforms/shop");
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(absl::Seconds(20)), 0) << Output();
  EXPECT_THAT(Output(),
              AllOf(HasSubstr("\"message\":\"started\""), HasSubstr("\"signal\":\"SIGTERM\""),
                    HasSubstr("\"message\":\"stopped\""), HasSubstr("\"service\":\"service_fixture\"")));
}

TEST_F(RunMainTest, StopsOnSigintToo) {
  process::Process process = Serve({"serve"});
  ASSERT_TRUE(Eventually([&] { return GetPlatform().ok(); })) << Output();
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(absl::Seconds(20)), 0) << Output();
}

TEST_F(RunMainTest, MigratesAndEnds) {
  EXPECT_EQ(ExitCode(Spawn({"migrate"})), 0);
  EXPECT_THAT(Output(), HasSubstr("migrated"));
}

TEST_F(RunMainTest, ReturnsOneAndSaysWhyWhenItFails) {
  EXPECT_EQ(ExitCode(Spawn({"migrate", "--greeting=fail"})), 1);
  EXPECT_THAT(Output(), HasSubstr("FAILED_PRECONDITION: greeting: got fail, want anything else"));
}

TEST_F(RunMainTest, ReturnsTwoAndNamesTheSettingThatIsWrong) {
  EXPECT_EQ(ExitCode(Spawn({"--listen=nowhere"})), 2);
  EXPECT_THAT(Output(),
              HasSubstr("--listen (COGNATE_LISTEN): got \"nowhere\", want host:port or unix:/path"));
}

TEST_F(RunMainTest, PrintsItsSettingsWithoutSecrets) {
  EXPECT_EQ(ExitCode(Spawn({"--print-config"}, {{"COGNATE_SECRET", "hunter2"}})), 0);
  EXPECT_THAT(Output(), AllOf(HasSubstr("secret = \"***\"  # environment"),
                              HasSubstr("greeting = \"hello \"  # default"), Not(HasSubstr("hunter2"))));
}

TEST_F(RunMainTest, RefusesPlaintextOverTcpAndSaysWhatElseThereIs) {
  EXPECT_EQ(ExitCode(Spawn({"--listen=127.0.0.1:0", "--admin=127.0.0.1:0"})), 1);
  EXPECT_THAT(Output(), AllOf(HasSubstr("without TLS"), HasSubstr("--tls-certificate-file"),
                              HasSubstr("unix:"), HasSubstr("--plaintext")));
}

TEST_F(RunMainTest, OverTcpEachOfTheServicesKeysCountsAndNoOther) {
  const std::string first(32, 'a'), second(32, 'b');
  std::ofstream(directory_.File("key")) << first << "\n" << second << "\n";
  process::Process process = Spawn({"--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--plaintext",
                                    "--log-format=json", "--service-key-file=" + directory_.File("key")});
  ASSERT_TRUE(Eventually([&] { return Port() != 0; })) << Output();
  const std::string address = "127.0.0.1:" + std::to_string(Port());
  EXPECT_TRUE(GetPlatform(address, first).ok());
  EXPECT_TRUE(GetPlatform(address, second).ok());
  for (const std::string& wrong : {std::string(), std::string(32, 'c')}) {
    const absl::Status refused = GetPlatform(address, wrong).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated) << refused;
  }
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(absl::Seconds(20)), 0) << Output();
  EXPECT_THAT(Output(), AllOf(Not(HasSubstr(first)), Not(HasSubstr(second))));
}

TEST_F(RunMainTest, LetsStrangersInWhereItIsSaid) {
  process::Process process = Spawn({"--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--plaintext",
                                    "--log-format=json", "--anonymous-role=viewer"});
  ASSERT_TRUE(Eventually([&] { return Port() != 0; })) << Output();
  EXPECT_TRUE(GetPlatform("127.0.0.1:" + std::to_string(Port()), "").ok());
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(absl::Seconds(20)), 0) << Output();
}

}  // namespace
}  // namespace cognate::service
