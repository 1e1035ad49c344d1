#include "common/trace/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/trace/current.h"
#include "tests/support/fuzz.h"

namespace cognate::trace {
namespace {

constexpr char kText[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceparentTest, IsReadAndWrittenAsTheStandardSays) {
  const std::optional<SpanContext> context = ParseTraceparent(kText);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(TraceIdText(*context), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(SpanIdText(context->span), "b7ad6b7169203331");
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(FormatTraceparent(*context), kText);
  EXPECT_FALSE(ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")->sampled);
}

TEST(TraceparentTest, KnowsNoOtherFlagAndTakesVersionsToCome) {
  EXPECT_EQ(FormatTraceparent(*ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff")),
            kText);
  EXPECT_EQ(FormatTraceparent(*ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
            kText);
  EXPECT_TRUE(
      ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes").has_value());
}

TEST(TraceparentTest, RefusesEverythingElse) {
  for (const char* text : {"", "-", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
                           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
                           " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                           "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\0-01"})
    EXPECT_EQ(ParseTraceparent(text), std::nullopt) << text;
}

TEST(TraceparentTest, TakesAnyBytes) {
  test_support::Fuzz("traceparent", {kText, "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"},
                     [](absl::string_view input) {
                       const std::optional<SpanContext> context = ParseTraceparent(input);
                       if (!context.has_value()) return;
                       ASSERT_TRUE(context->valid());
                       ASSERT_EQ(ParseTraceparent(FormatTraceparent(*context)), context);
                     });
}

TEST(ContextTest, NewOnesDiffer) {
  const SpanContext one = NewContext(true);
  const SpanContext other = NewContext(true);
  EXPECT_TRUE(one.valid());
  EXPECT_FALSE(one.SameTrace(other));
}

TEST(ContextTest, ARatioTakesAboutSoMany) {
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) taken += InRatio(NewContext(false), 0.25) ? 1 : 0;
  EXPECT_NEAR(taken, 5'000, 400);
  EXPECT_TRUE(InRatio(NewContext(false), 1));
  EXPECT_FALSE(InRatio(NewContext(false), 0));
}

TEST(ScopeTest, TheInnermostCountsAndTakesOverWhatItDoesNotSay) {
  const SpanContext outer = NewContext(true);
  const SpanContext inner = NewContext(false);
  EXPECT_FALSE(Now().span.valid());
  {
    const Scope first(outer, "request-1", "delivery");
    {
      const Scope second(inner);
      EXPECT_EQ(Now().span, inner);
      EXPECT_EQ(Now().request_id, "request-1");
      EXPECT_EQ(Now().service, "delivery");
      const Scope third(SpanContext(), "request-2");
      EXPECT_EQ(Now().span, inner);
      EXPECT_EQ(Now().request_id, "request-2");
      Answer(outer);
    }
    EXPECT_EQ(Now().span, outer);
    EXPECT_EQ(first.answer(), outer);
  }
  EXPECT_FALSE(Now().span.valid());
}

TEST(OutgoingTest, ServicesSendAnUnsampledContextWithWhatTheyDoByThemselves) {
  EXPECT_EQ(Outgoing(), std::nullopt);
  SetServing(true);
  EXPECT_TRUE(Outgoing()->valid());
  EXPECT_FALSE(Outgoing()->sampled);
  SetServing(false);
  const SpanContext span = NewContext(true);
  const Scope scope(span);
  EXPECT_EQ(Outgoing(), span);
}

}  // namespace
}  // namespace cognate::trace
