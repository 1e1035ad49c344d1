#include "common/config/settings.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/config/groups.h"
#include "common/postgres/conninfo.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::config {
namespace {

using ::cognate::test_support::IsOk;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class SettingsTest : public ::testing::Test {
 protected:
  absl::StatusOr<Invocation> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return settings_.Parse(static_cast<int>(arguments.size()), arguments.data(),
                           [this](const std::string& name) -> std::optional<std::string> {
                             const auto entry = environment_.find(name);
                             if (entry == environment_.end()) return std::nullopt;
                             return entry->second;
                           });
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = directory_.File(name);
    std::ofstream(path) << text;
    return path;
  }

  test_support::TempDir directory_;
  std::map<std::string, std::string> environment_;
  Settings settings_{"program", "A program."};
};

TEST_F(SettingsTest, TakesTheFlagBeforeTheEnvironmentBeforeTheFileBeforeTheDefault) {
  std::string flag = "default", environment = "default", file = "default", untouched = "default";
  settings_.Add("a-flag", &flag, "");
  settings_.Add("b-environment", &environment, "");
  settings_.Add("c-file", &file, "");
  settings_.Add("d-default", &untouched, "");
  environment_ = {{"COGNATE_A_FLAG", "environment"}, {"COGNATE_B_ENVIRONMENT", "environment"}};
  const std::string path =
      WriteFile("c.toml", "a-flag = \"file\"\nb-environment = \"file\"\nc-file = \"file\"\n");
  ASSERT_THAT(Parse({"--a-flag=flag", "--config", path.c_str()}), IsOk());
  EXPECT_EQ(flag, "flag");
  EXPECT_EQ(environment, "environment");
  EXPECT_EQ(file, "file");
  EXPECT_EQ(untouched, "default");
}

TEST_F(SettingsTest, ReadsSectionsAndUnderscoresOfTheFileAsTheSameNames) {
  std::string address;
  int pool_size = 0;
  std::vector<std::string> listen;
  settings_.Add("redis-address", &address, "");
  settings_.Add("postgres-pool-size", &pool_size, "");
  settings_.Add("listen", &listen, "");
  environment_["COGNATE_CONFIG"] = WriteFile(
      "c.toml", "listen = [\"a:1\", \"b:2\"]\n[redis]\naddress = \"r:1\"\n[postgres]\npool_size = 7\n");
  ASSERT_THAT(Parse({}), IsOk());
  EXPECT_EQ(address, "r:1");
  EXPECT_EQ(pool_size, 7);
  EXPECT_THAT(listen, ElementsAre("a:1", "b:2"));
}

TEST_F(SettingsTest, ReadsEveryKindOfValue) {
  int64_t number = 0;
  double ratio = 0;
  bool on = false, off = true;
  absl::Duration wait;
  std::vector<std::string> list = {"default"};
  settings_.Add("number", &number, "");
  settings_.Add("ratio", &ratio, "");
  settings_.Add("on", &on, "");
  settings_.Add("off", &off, "");
  settings_.Add("wait", &wait, "");
  settings_.Add("list", &list, "");
  environment_["COGNATE_OFF"] = "false";
  ASSERT_THAT(Parse({"--number", "42", "--ratio=0.5", "--on", "--wait=1m30s", "--list=a,b", "--list", "c"}),
              IsOk());
  EXPECT_EQ(number, 42);
  EXPECT_EQ(ratio, 0.5);
  EXPECT_TRUE(on);
  EXPECT_FALSE(off);
  EXPECT_EQ(wait, absl::Seconds(90));
  EXPECT_THAT(list, ElementsAre("a", "b", "c"));
}

TEST_F(SettingsTest, NamesTheSettingAndTheFixWhenAValueIsWrong) {
  int threads = 1;
  absl::Duration wait;
  settings_.Add("threads", &threads, "", {1, 8});
  settings_.Add("wait", &wait, "");
  environment_["COGNATE_WAIT"] = "soon";
  EXPECT_THAT(
      Parse({"--threads=9"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("--threads (COGNATE_THREADS): got \"9\", want a whole number from 1 to 8"),
                     HasSubstr("--wait (COGNATE_WAIT): got \"soon\", want a duration"))));
}

TEST_F(SettingsTest, RefusesFlagsAndKeysThatItDoesNotKnow) {
  EXPECT_THAT(Parse({"--nonsense"}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nonsense")));
  environment_["COGNATE_CONFIG"] = WriteFile("c.toml", "lisen = \"x\"\n");
  EXPECT_THAT(Parse({}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lisen")));
  environment_["COGNATE_CONFIG"] = "/no/such/file";
  EXPECT_THAT(Parse({}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/no/such/file")));
}

TEST_F(SettingsTest, ReadsASecretFromAFileAndNeverShowsIt) {
  std::string uri, other;
  settings_.AddSecret("postgres-uri", &uri, "");
  settings_.Add("peer", &other, "");
  environment_["COGNATE_POSTGRES_URI_FILE"] = WriteFile("secret", "postgres://u:hunter2@h/d\n");
  const Invocation invocation = ValueOrDie(Parse({"--print-config", "--peer=http://u:hunter2@h"}));
  EXPECT_EQ(uri, "postgres://u:hunter2@h/d");
  EXPECT_TRUE(invocation.stop);
  EXPECT_THAT(invocation.output, Not(HasSubstr("hunter2")));
  EXPECT_THAT(invocation.output, HasSubstr("postgres-uri = \"***\"  # environment"));
  EXPECT_THAT(invocation.output, HasSubstr("peer = \"http://u:***@h\"  # flag"));
}

TEST_F(SettingsTest, LetsAFlagForASecretBeatAFileInTheEnvironmentButNotBothAtOnce) {
  std::string uri;
  settings_.AddSecret("postgres-uri", &uri, "");
  environment_["COGNATE_POSTGRES_URI_FILE"] = WriteFile("secret", "from-file");
  ASSERT_THAT(Parse({"--postgres-uri=from-flag"}), IsOk());
  EXPECT_EQ(uri, "from-flag");
  environment_["COGNATE_POSTGRES_URI"] = "from-environment";
  EXPECT_THAT(Parse({}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not both")));
}

TEST_F(SettingsTest, TakesAnAliasForItsSettingWhereverThatIsUnderstood) {
  std::string uri, address = "default";
  settings_.AddSecret("postgres-uri", &uri, "");
  settings_.AddAlias("postgres-uri", "postgres");
  settings_.Add("redis-address", &address, "");
  settings_.AddAlias("redis-address", "redis");
  ASSERT_THAT(Parse({"--postgres=flag", "--redis=flag"}), IsOk());
  EXPECT_EQ(uri + " " + address, "flag flag");
  ASSERT_THAT(Parse({"--postgres-uri=first", "--redis-address=first"}), IsOk());
  EXPECT_EQ(uri + " " + address, "first first");
  environment_ = {{"COGNATE_POSTGRES_FILE", WriteFile("secret", "environment")},
                  {"COGNATE_REDIS", "environment"}};
  ASSERT_THAT(Parse({}), IsOk());
  EXPECT_EQ(uri + " " + address, "environment environment");
  environment_.clear();
  const std::string path = WriteFile("c.toml", "postgres = \"file\"\nredis = \"file\"\n");
  const Invocation invocation = ValueOrDie(Parse({"--config", path.c_str(), "--print-config"}));
  EXPECT_EQ(uri + " " + address, "file file");
  EXPECT_THAT(invocation.output, HasSubstr("redis-address = \"file\"  # file"));
  EXPECT_THAT(Parse({"--postgres=a", "--postgres-file=b"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not both")));
}

TEST_F(SettingsTest, TakesTheFirstCommandUnlessAnotherIsGiven) {
  std::string value;
  settings_.Add("value", &value, "");
  settings_.AddCommand("serve", "Serves.");
  settings_.AddCommand("migrate", "Migrates.");
  EXPECT_EQ(ValueOrDie(Parse({})).command, "serve");
  EXPECT_EQ(ValueOrDie(Parse({"migrate", "--value=x"})).command, "migrate");
  EXPECT_EQ(value, "x");
}

TEST_F(SettingsTest, PrintsHelpWithTheEnvironmentNamesAndDefaults) {
  std::string value = "standard";
  settings_.Add("some-value", &value, "Some value");
  const Invocation invocation = ValueOrDie(Parse({"--help"}));
  EXPECT_TRUE(invocation.stop);
  EXPECT_THAT(invocation.output,
              AllOf(HasSubstr("--some-value"), HasSubstr("COGNATE_SOME_VALUE"), HasSubstr("standard")));
}

class GroupsTest : public SettingsTest {
 protected:
  GroupsTest() {
    process_.Register(settings_);
    postgres_.Register(settings_);
    redis_.Register(settings_);
    peers_.RegisterRegistry(settings_);
    peers_.RegisterFeedback(settings_);
  }
  Process process_;
  Postgres postgres_;
  Redis redis_;
  Peers peers_;
};

TEST_F(GroupsTest, AcceptsAGoodConfiguration) {
  ASSERT_THAT(Parse({"--postgres-uri=postgres://h/d", "--listen=127.0.0.1:0,unix:/tmp/x",
                     "--registry=dns:///r:7401", "--log-level=debug", "--log-format=json"}),
              IsOk());
  EXPECT_THAT(process_.listen, ElementsAre("127.0.0.1:0", "unix:/tmp/x"));
  EXPECT_EQ(process_.LogOptions("delivery").level, log::Level::kDebug);
}

TEST_F(GroupsTest, NamesAllThatIsWrongAtOnce) {
  EXPECT_THAT(
      Parse({"--listen=nowhere", "--registry=r:0", "--redis-address=x"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("--listen (COGNATE_LISTEN): got \"nowhere\", want host:port or unix:/path"),
                     HasSubstr("--registry (COGNATE_REGISTRY)"), HasSubstr("--redis-address"),
                     HasSubstr("--postgres-uri"))));
}

TEST_F(GroupsTest, APasswordOfItsOwnIsTheDatabasesAndIsNeverShown) {
  const std::string path = WriteFile("password", "it's \\ a $(word) @/:%20\n");
  ASSERT_THAT(Parse({"--postgres-uri=host=h,i dbname=d user=u", "--postgres-password-file", path.c_str()}),
              IsOk());
  const std::optional<postgres::ConninfoOptions> read = postgres::ParseConninfo(postgres_.uri);
  ASSERT_TRUE(read.has_value());
  EXPECT_THAT(*read, UnorderedElementsAre(Pair("host", "h,i"), Pair("dbname", "d"), Pair("user", "u"),
                                          Pair("password", "it's \\ a $(word) @/:%20")));
  EXPECT_THAT(settings_.Print(), Not(HasSubstr("word) ")));
  ASSERT_THAT(Parse({"--postgres-uri=postgres://u@h/d", "--postgres-password=hidden"}), IsOk());
  EXPECT_THAT(*postgres::ParseConninfo(postgres_.uri), Contains(Pair("password", "hidden")));
}

TEST_F(GroupsTest, APasswordThatBelongsNowhereIsRefusedAndNotRepeated) {
  for (const char* uri :
       {"--postgres-uri=postgres://u:other@h/d", "--postgres-uri=nonsense", "--postgres-uri="}) {
    const absl::Status status = Parse({uri, "--postgres-password=hidden"}).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--postgres-password")))
        << uri;
    for (const char* secret : {"hidden", "other", "nonsense"})
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr(secret)));
  }
}

TEST_F(GroupsTest, TakesSeveralServiceKeysAndNeverShowsOne) {
  const std::string first(32, 'a'), second(40, 'b');
  const std::string path = WriteFile("service.key", first + "\n  " + second + " \n\n");
  ASSERT_THAT(Parse({"--postgres-uri=postgres://h/d", "--service-key-file", path.c_str()}), IsOk());
  EXPECT_THAT(process_.ServiceKeys(), ElementsAre(first, second));
  EXPECT_THAT(settings_.Print(), Not(HasSubstr("aaaa")));
  environment_["COGNATE_SERVICE_KEY"] = second;
  ASSERT_THAT(Parse({"--postgres-uri=postgres://h/d"}), IsOk());
  EXPECT_THAT(process_.ServiceKeys(), ElementsAre(second));
}

TEST_F(GroupsTest, RefusesAServiceKeyThatCouldBeGuessedOrCannotBeSent) {
  for (const std::string& key :
       {std::string("tooshort"), std::string(40, 'a') + "\nshort-one",
        std::string(20, 'a') + " " + std::string(20, 'b'), std::string(40, 'a') + "\xc3\xa4"}) {
    environment_["COGNATE_SERVICE_KEY"] = key;
    const auto parsed = Parse({"--postgres-uri=postgres://h/d"});
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("COGNATE_SERVICE_KEY")));
    EXPECT_THAT(parsed.status().message(), Not(HasSubstr(key.substr(0, 8))));
  }
}

TEST_F(GroupsTest, WantsFilesOfTlsTogether) {
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--tls-certificate-file=a.pem"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--tls-key-file")));
  process_ = Process();
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--tls-key-file=a.key"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--tls-certificate-file")));
  process_ = Process();
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--tls-client-ca-file=ca.pem"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--tls-certificate-file")));
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--tls-certificate-file=a.pem", "--tls-key-file=a.key",
                     "--tls-client-ca-file=ca.pem", "--tls-ca-file=system"}),
              IsOk());
}

TEST_F(GroupsTest, LetsStrangersInOnThisMachineAlone) {
  EXPECT_EQ(process_.anonymous_role, "none");
  EXPECT_FALSE(process_.plaintext);
  for (const char* role : {"viewer", "operator"}) {
    const std::string flag = absl::StrCat("--anonymous-role=", role);
    EXPECT_THAT(
        Parse({"--postgres-uri=postgres://h/d", "--listen=127.0.0.1:0,[::1]:0,unix:/tmp/x", flag.c_str()}),
        IsOk());
    EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--listen=127.0.0.1:0,0.0.0.0:7400", flag.c_str()}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("--anonymous-role"), HasSubstr("0.0.0.0:7400"))));
  }
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--anonymous-role=service"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none, viewer or operator")));
  EXPECT_THAT(Parse({"--postgres-uri=postgres://h/d", "--anonymous-role=none", "--listen=0.0.0.0:7400"}),
              IsOk());
}

}  // namespace
}  // namespace cognate::config
