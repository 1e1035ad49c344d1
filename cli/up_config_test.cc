#include "cli/up_config.h"

#include <map>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::cli {
namespace {

using Environment = std::map<std::string, std::string>;

// The settings of one program.
template <typename Config>
std::pair<Config, absl::Status> Parse(std::vector<const char*> arguments, const Environment& environment) {
  Config config;
  config::Settings settings("program", "A program.");
  config.Register(settings);
  arguments.insert(arguments.begin(), "program");
  const absl::Status status =
      settings
          .Parse(static_cast<int>(arguments.size()), arguments.data(),
                 [&](const std::string& name) {
                   const auto entry = environment.find(name);
                   return entry == environment.end() ? std::nullopt : std::make_optional(entry->second);
                 })
          .status();
  return {config, status};
}

void ExpectServers(const std::vector<const char*>& arguments, const Environment& environment) {
  const auto [up, up_status] = Parse<UpConfig>(arguments, environment);
  EXPECT_OK(up_status);
  EXPECT_EQ(up.postgres, "postgres:///own");
  EXPECT_EQ(up.redis, "own:6379");
  const auto [service, service_status] = Parse<delivery::Config>(arguments, environment);
  EXPECT_OK(service_status);
  EXPECT_EQ(service.postgres.uri, "postgres:///own");
  EXPECT_EQ(service.redis.address, "own:6379");
}

TEST(UpConfigTest, TakesTheServersByTheSameNamesAsEachService) {
  ExpectServers({"--postgres=postgres:///own", "--redis=own:6379"}, {});
  ExpectServers({"--postgres-uri=postgres:///own", "--redis-address=own:6379"}, {});
  ExpectServers({}, {{"COGNATE_POSTGRES", "postgres:///own"}, {"COGNATE_REDIS", "own:6379"}});
  ExpectServers({}, {{"COGNATE_POSTGRES_URI", "postgres:///own"}, {"COGNATE_REDIS_ADDRESS", "own:6379"}});
}

TEST(UpConfigTest, EveryServiceGetsThePasswordsOfRedisAndItsSentinels) {
  auto [up, status] = Parse<UpConfig>(
      {"--redis=redis-sentinel://one,two/jobs"},
      {{"COGNATE_REDIS_PASSWORD", "of-redis"}, {"COGNATE_REDIS_SENTINEL_PASSWORD", "of-sentinels"}});
  ASSERT_OK(status);
  up.Connect("postgres:///own", up.redis, "unix:/peer");
  EXPECT_EQ(up.delivery.redis.address, "redis-sentinel://one,two/jobs");
  EXPECT_EQ(up.delivery.redis.password, "of-redis");
  EXPECT_EQ(up.feedback.redis.sentinel_password, "of-sentinels");
}

TEST(UpConfigTest, AServiceRefusesAnAddressOfSentinelsThatItCannotUse) {
  for (const char* address :
       {"--redis=redis-sentinel://one,two", "--redis=redis-sentinel://:secret@one/jobs"}) {
    const auto [service, status] = Parse<delivery::Config>({"--postgres=postgres:///own", address}, {});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos) << status;
  }
}

TEST(UpConfigTest, ListensInItsDataDirectoryWhereTheCommandsLook) {
  const auto listening = [](const std::vector<const char*>& arguments, const Environment& environment = {}) {
    const auto [up, status] = Parse<UpConfig>(arguments, environment);
    EXPECT_OK(status);
    return up.process.listen;
  };
  using Addresses = std::vector<std::string>;
  EXPECT_EQ(listening({}), Addresses{DefaultAddress()});
  EXPECT_EQ(DefaultAddress().substr(0, 6), "unix:/");
  EXPECT_TRUE(DefaultAddress().ends_with("/.cognate/cognate.sock"));
  EXPECT_EQ(listening({"--data-dir=/var/x/../own/"}), Addresses{"unix:/var/own/cognate.sock"});
  EXPECT_EQ(listening({"--data-dir=/var/own", "--listen=127.0.0.1:0"}), Addresses{"127.0.0.1:0"});
  EXPECT_EQ(listening({}, {{"COGNATE_LISTEN", "unix:/run/c.sock"}}), Addresses{"unix:/run/c.sock"});
}

}  // namespace
}  // namespace cognate::cli
