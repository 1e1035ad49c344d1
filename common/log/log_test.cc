#include "common/log/log.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/trace/current.h"

namespace cognate::log {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  void Start(Format format = Format::kText, Level level = Level::kInfo) {
    Options options;
    options.level = level;
    options.format = format;
    options.sink = [this](absl::string_view line) { lines_.emplace_back(line); };
    options.now = [this] { return now_; };
    Init(std::move(options));
  }
  void TearDown() override { Init({}); }

  std::vector<std::string> lines_;
  absl::Time now_ = absl::FromUnixMillis(1'700'000'000'123);
};

TEST_F(LogTest, WritesOneLineOfKeysAndValuesInTheOrderGiven) {
  Start();
  Info("started",
       {{"port", 7400}, {"name", "two words"}, {"ready", true}, {"took_ms", absl::Milliseconds(1.5)}});
  EXPECT_THAT(lines_,
              ElementsAre("2023-11-14T22:13:20.123Z info started port=7400 name=\"two words\" ready=true "
                          "took_ms=1.5"));
}

TEST_F(LogTest, KeepsALineOneLineWhateverIsInTheValues) {
  Start();
  Info("a\nb", {{"text", "x\ny=\"z\""}});
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("info a b text=\"x\\ny=\\\"z\\\"\"")));
}

TEST_F(LogTest, WritesTheSameAsOneJsonObject) {
  Start(Format::kJson);
  Info("started", {{"port", 7400}, {"status", absl::NotFoundError("gone")}, {"broken", "\xff"}});
  const nlohmann::json line = nlohmann::json::parse(lines_.at(0));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "started");
  EXPECT_EQ(line["port"], 7400);
  EXPECT_EQ(line["status"], "NOT_FOUND: gone");
}

TEST_F(LogTest, NeverWritesASecret) {
  Start();
  Info("login", {{"api_token", "abc"},
                 {"Authorization", "Bearer abc"},
                 {"user_password", "abc"},
                 {"uri", "postgres://cognate:abc@host:5432/cognate?x=1"},
                 {"conninfo", "host=h password='a bc' user=u"}});
  EXPECT_THAT(lines_.at(0), Not(HasSubstr("abc")));
  EXPECT_THAT(lines_.at(0), Not(HasSubstr("a bc")));
  EXPECT_THAT(lines_.at(0), HasSubstr("postgres://cognate:***@host:5432/cognate?x=1"));
}

TEST_F(LogTest, WritesNothingBelowItsLevel) {
  Start(Format::kText, Level::kWarn);
  Info("quiet");
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_FALSE(Enabled(Level::kInfo));
  SetLevel(Level::kDebug);
  Debug("loud");
  EXPECT_THAT(lines_, SizeIs(1));
}

TEST_F(LogTest, CountsAWarningThatRepeatsAndSaysSoLater) {
  Start();
  for (int i = 0; i < 5; ++i) Warn("redis is away", {{"service", "delivery"}, {"attempt", i}});
  Warn("redis is away", {{"service", "feedback"}});
  EXPECT_THAT(lines_, SizeIs(2));
  now_ += absl::Seconds(11);
  Warn("redis is away", {{"service", "delivery"}});
  EXPECT_THAT(lines_.back(), HasSubstr("repeated=4"));
}

TEST_F(LogTest, SaysACountAlsoWhereTheWarningDoesNotComeAgain) {
  Start();
  for (int i = 0; i < 3; ++i) Warn("redis is away", {{"platform", "shop"}, {"attempt", i}});
  now_ += absl::Seconds(11);
  Info("something else");
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("warn redis is away platform=shop attempt=0"),
                                  HasSubstr("warn redis is away platform=shop repeated=2"),
                                  HasSubstr("info something else")));
  now_ += absl::Seconds(11);
  Info("something else");
  EXPECT_THAT(lines_, SizeIs(4));
}

TEST_F(LogTest, SaysEveryCountWhereMoreDifferentWarningsComeThanItRemembers) {
  Start();
  Warn("w", {{"name", "first"}});
  Warn("w", {{"name", "first"}});
  for (int i = 0; i < 2'000; ++i) Warn("w", {{"name", i}});
  EXPECT_THAT(lines_, Contains(HasSubstr("warn w name=first repeated=1")));
}

TEST_F(LogTest, SaysOfWhatTraceAndRequestALineIs) {
  const trace::SpanContext span =
      *trace::ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  Start(Format::kJson);
  {
    const trace::Scope scope(span, "r-1");
    Info("moved");
    Info("rpc", {{"request_id", "r-2"}, {"trace_id", "its own"}});
  }
  Info("at rest");
  const nlohmann::json moved = nlohmann::json::parse(lines_.at(0));
  EXPECT_EQ(moved["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(moved["request_id"], "r-1");
  const nlohmann::json rpc = nlohmann::json::parse(lines_.at(1));
  EXPECT_EQ(rpc["trace_id"], "its own");
  EXPECT_EQ(rpc["request_id"], "r-2");
  EXPECT_THAT(lines_.at(2), Not(AnyOf(HasSubstr("trace_id"), HasSubstr("request_id"))));
}

TEST_F(LogTest, DoesNotCountWhatIsOnlyInformation) {
  Start();
  Info("moved");
  Info("moved");
  EXPECT_THAT(lines_, SizeIs(2));
}

}  // namespace
}  // namespace cognate::log
