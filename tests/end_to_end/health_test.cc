// `cognate health`: what a container without a shell is asked with.
#include <algorithm>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/admin.h"
#include "tests/cluster/cluster.h"

namespace cognate {
namespace {

using cluster::Cluster;
using test_support::Eventually;
using ::testing::AllOf;
using ::testing::ContainsRegex;

using ::testing::HasSubstr;

class HealthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing()) << cluster_.LogOf("cognate");
    // It says so after it has begun to serve.
    ASSERT_TRUE(Eventually([&] { return absl::StrContains(cluster_.LogOf("cognate"), "metrics on port"); }));
    admin_ = absl::StrCat("127.0.0.1:", cluster::AdminPort(cluster_, "cognate"));
  }

  Cluster::Ran Health(std::vector<std::string> words = {}) {
    const std::vector<std::string> own = {"health", "--admin", admin_, "--timeout", "2m"};
    words.insert(words.begin(), own.begin(), own.end());
    return cluster_.Run(words);
  }
  // Until it ends with `code`.
  bool BecomesReady(int code) {
    return Eventually([&] { return Health({"--ready"}).code == code; });
  }

  Cluster cluster_{cluster::Shape::kOneProcess};
  std::string admin_;
};

TEST_F(HealthTest, NamesWhatIsNotReadyInOneSentence) {
  ASSERT_TRUE(BecomesReady(0)) << Health({"--ready"}).output;
  EXPECT_THAT(Health({"--ready"}).output, HasSubstr(absl::StrCat(admin_, " is ready\n")));
  cluster_.redis().Stop();
  ASSERT_TRUE(BecomesReady(1));
  const std::string said = Health({"--ready"}).output;
  EXPECT_THAT(said, AllOf(HasSubstr(admin_), ContainsRegex("is not ready: [a-z_0-9.]+ \\(.+\\)")));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  // It lives, and nobody should end it for what another lacks.
  const Cluster::Ran life = Health();
  EXPECT_EQ(life.code, 0);
  EXPECT_THAT(life.output, HasSubstr(absl::StrCat(admin_, " is alive\n")));
  cluster_.redis().StartAgain();
  EXPECT_TRUE(BecomesReady(0)) << Health({"--ready"}).output;
}

TEST_F(HealthTest, TellsProgramsEveryCheck) {
  ASSERT_TRUE(BecomesReady(0)) << Health({"--ready"}).output;
  const auto ready = nlohmann::json::parse(Health({"--ready", "--json"}).output);
  EXPECT_EQ(ready["ready"], true);
  ASSERT_FALSE(ready["checks"].empty());
  for (const auto& check : ready["checks"]) EXPECT_EQ(check["ok"], true) << check;
  EXPECT_EQ(nlohmann::json::parse(Health({"--json"}).output),
            nlohmann::json({{"admin", admin_}, {"alive", true}}));
}

TEST_F(HealthTest, AsksWhereTheEnvironmentSaysThatTheProgramAnswers) {
  ASSERT_TRUE(BecomesReady(0)) << Health({"--ready"}).output;
  const std::string everywhere = absl::StrCat("0.0.0.0:", cluster::AdminPort(cluster_, "cognate"));
  setenv("COGNATE_ADMIN", everywhere.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const Cluster::Ran told = cluster_.Run({"health", "--timeout", "2m"});
  unsetenv("COGNATE_ADMIN");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(told.code, 0) << told.output;
  EXPECT_THAT(told.output, HasSubstr(absl::StrCat(admin_, " is alive\n")));
}

TEST_F(HealthTest, SaysThatNobodyAnswersAndWhatItCannotRead) {
  cluster_.Pause("cognate");
  const Cluster::Ran silent = cluster_.Run({"health", "--admin", admin_, "--timeout", "100ms"});
  cluster_.Resume("cognate");
  EXPECT_EQ(silent.code, 1);
  EXPECT_THAT(silent.output, HasSubstr(absl::StrCat("nobody answers /livez on ", admin_, " within 100ms")));
  for (const char* timeout : {"0s", "-1s", "inf", "2", "soon", "2h"}) {
    const Cluster::Ran wrong =
        cluster_.Run({"health", "--admin", admin_, absl::StrCat("--timeout=", timeout)});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_THAT(wrong.output, HasSubstr(absl::StrCat("--timeout: got \"", timeout, "\", want a duration")));
  }
  const Cluster::Ran nowhere = cluster_.Run({"health", "--admin", "somewhere"});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.output, HasSubstr("--admin: got \"somewhere\", want host:port"));
}

}  // namespace
}  // namespace cognate
