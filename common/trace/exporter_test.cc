#include "common/trace/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/trace/join.h"
#include "common/trace/otlp.h"
#include "common/trace/span_queue.h"
#include "tests/support/eventually.h"
#include "tests/support/otlp_receiver.h"
#include "tests/support/status_matchers.h"

namespace cognate::trace {
namespace {

using test_support::Eventually;
using test_support::OtlpReceiver;
using test_support::ReceivedSpan;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Mood = OtlpReceiver::Mood;

class ExporterTest : public ::testing::Test {
 protected:
  void Start(ExporterOptions options = {}) {
    if (options.endpoint.empty()) options.endpoint = receiver_.endpoint();
    options.interval = absl::Milliseconds(5);
    exporter_ = ValueOrDie(Exporter::Start(std::move(options), metrics_));
  }
  void Stop() { exporter_.reset(); }

  // "exported 3 dropped 0 refused 1"
  std::string Counts() {
    std::string counts;
    const std::string text = metrics_.Text();
    for (const char* result : {"exported", "dropped", "refused"}) {
      const std::string series = absl::StrCat("cognate_trace_spans_total{result=\"", result, "\"} ");
      const size_t at = text.find(series);
      if (at == std::string::npos) return "none";
      const size_t begin = at + series.size();
      absl::StrAppend(&counts, counts.empty() ? "" : " ", result, " ",
                      text.substr(begin, text.find('\n', begin) - begin));
    }
    return counts;
  }

  OtlpReceiver receiver_;
  metrics::Registry metrics_;
  std::unique_ptr<Exporter> exporter_;
};

TEST_F(ExporterTest, ASpanArrivesWithAllThatWasSaidOfIt) {
  Start();
  SpanContext root;
  {
    Span span({"capture", Kind::kServer, "change_capture"}, {});
    root = span.context();
    const Scope scope(span.context(), "r", "change_capture");
    Span child({"plan", Kind::kClient});
    child.Set("rpc.system", "grpc");
    child.Set("count", 7);
    child.Set("is_replay", true);
    child.Link(*ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    child.Fail(absl::UnavailableError("away"));
  }
  Stop();
  EXPECT_EQ(receiver_.faults(), "");
  const std::vector<ReceivedSpan> spans = receiver_.SpansOf(TraceIdText(root));
  ASSERT_THAT(spans, SizeIs(2));
  const ReceivedSpan child = *receiver_.Find("plan");
  EXPECT_EQ(child.service, "change-capture");
  EXPECT_EQ(child.parent_id, SpanIdText(root.span));
  EXPECT_EQ(child.kind, 3);
  EXPECT_EQ(child.error, "UNAVAILABLE: away");
  EXPECT_THAT(child.links, ElementsAre("b7ad6b7169203331"));
  EXPECT_THAT(child.attributes, UnorderedElementsAre(Pair("rpc.system", "grpc"), Pair("count", "7"),
                                                     Pair("is_replay", "true")));
  EXPECT_EQ(receiver_.Find("capture")->parent_id, "");
  EXPECT_EQ(Counts(), "exported 2 dropped 0 refused 0");
}

TEST_F(ExporterTest, ShowsTheCollectorItsHeadersAndNobodyASecret) {
  Start({.headers = {"authorization: Bearer the-collectors"}});
  Span({"x", Kind::kInternal, "s"}, {}).Set("api_key", "hunter2");
  {
    Span span({"y", Kind::kInternal, "s"}, {});
    span.Set("url", "postgres://u:hunter2@h/d");
    span.Fail("no connection to postgres://u:hunter2@h/d");
  }
  Stop();
  EXPECT_THAT(receiver_.headers(), Contains(Pair("authorization", "Bearer the-collectors")));
  EXPECT_THAT(receiver_.headers(), Contains(Pair("content-type", "application/json")));
  ASSERT_THAT(receiver_.spans(), SizeIs(2));
  for (const ReceivedSpan& span : receiver_.spans()) {
    EXPECT_THAT(span.error, Not(HasSubstr("hunter2")));
    for (const auto& [key, value] : span.attributes) EXPECT_THAT(value, Not(HasSubstr("hunter2"))) << key;
  }
}

TEST_F(ExporterTest, FollowsWhoCallsAndElseTheRatio) {
  Start({.ratio = 0});
  { const Span span({"not in the ratio", Kind::kServer, "s"}, {}); }
  { const Span span({"not wanted by the caller", Kind::kServer, "s"}, NewContext(false)); }
  { const Span span({"wanted by the caller", Kind::kServer, "s"}, NewContext(true)); }
  Stop();
  ASSERT_THAT(receiver_.spans(), SizeIs(1));
  EXPECT_EQ(receiver_.spans()[0].name, "wanted by the caller");
}

TEST_F(ExporterTest, WhatIsNotSampledPassesTheCallersContextOn) {
  Start();
  const SpanContext caller = NewContext(false);
  const Span span({"x", Kind::kServer, "s"}, caller);
  EXPECT_EQ(span.context(), caller);
  EXPECT_FALSE(span.recorded());
}

TEST_F(ExporterTest, JoinedWorkIsOfTheFirstTraceAndTheOthersPointToIt) {
  Start();
  const SpanContext unsampled = NewContext(false);
  const SpanContext first = NewContext(true);
  const SpanContext second = NewContext(true);
  SpanContext joined;
  {
    const Span span =
        Join({"process changes", Kind::kConsumer, "transformer"}, {unsampled, first, second, second});
    joined = span.context();
    EXPECT_TRUE(joined.SameTrace(first));
  }
  Stop();
  ASSERT_THAT(receiver_.spans(), SizeIs(2));
  const std::vector<ReceivedSpan> of_first = receiver_.SpansOf(TraceIdText(first));
  ASSERT_THAT(of_first, SizeIs(1));
  EXPECT_EQ(of_first[0].parent_id, SpanIdText(first.span));
  EXPECT_THAT(of_first[0].links,
              ElementsAre(SpanIdText(unsampled.span), SpanIdText(first.span), SpanIdText(second.span)));
  const std::vector<ReceivedSpan> of_second = receiver_.SpansOf(TraceIdText(second));
  ASSERT_THAT(of_second, SizeIs(1));
  EXPECT_THAT(of_second[0].links, ElementsAre(SpanIdText(joined.span)));
}

TEST_F(ExporterTest, ACollectorThatIsOverloadedGetsThemLater) {
  receiver_.SetMood(Mood::kOverloaded);
  Start();
  { const Span span({"x", Kind::kInternal, "s"}, {}); }
  ASSERT_TRUE(Eventually([&] { return receiver_.requests() > 1; }));
  receiver_.SetMood(Mood::kTakes);
  EXPECT_TRUE(Eventually([&] { return receiver_.spans().size() == 1; }));
  EXPECT_TRUE(Eventually([&] { return Counts() == "exported 1 dropped 0 refused 0"; })) << Counts();
}

TEST_F(ExporterTest, WhatACollectorRefusesIsNotSentAgain) {
  receiver_.SetMood(Mood::kRefuses);
  Start();
  { const Span span({"x", Kind::kInternal, "s"}, {}); }
  EXPECT_TRUE(Eventually([&] { return Counts() == "exported 0 dropped 0 refused 1"; })) << Counts();
  EXPECT_EQ(receiver_.requests(), 1);
}

TEST_F(ExporterTest, ACollectorThatNeverAnswersHoldsNobodyUpAndWhatIsTooMuchIsDropped) {
  receiver_.SetMood(Mood::kNeverAnswers);
  Start({.queue = 100, .batch = 10, .flush = absl::Milliseconds(20)});
  ASSERT_TRUE(Eventually([&] {
    const Span span({"x", Kind::kInternal, "s"}, {});
    return receiver_.requests() > 0;
  }));
  for (int i = 0; i < 1'000; ++i) const Span span({"x", Kind::kInternal, "s"}, {});
  EXPECT_EQ(SpanQueue::The().size(), 100);
  Stop();  // ends, though the request under way would not
  EXPECT_THAT(Counts(), HasSubstr("exported 0 "));
  EXPECT_THAT(Counts(), Not(HasSubstr("dropped 0")));
}

TEST_F(ExporterTest, WithoutACollectorWorkGoesOn) {
  Start({.endpoint = "http://127.0.0.1:1"});
  { const Span span({"x", Kind::kInternal, "s"}, {}); }
  Stop();
  EXPECT_EQ(Counts(), "exported 0 dropped 0 refused 1");
}

TEST_F(ExporterTest, ASpanThatEndsAfterItIsGoneIsForgotten) {
  Start();
  Span late({"late", Kind::kInternal, "s"}, {});
  Stop();
  late.End();
  EXPECT_EQ(SpanQueue::The().size(), 0);
  EXPECT_THAT(receiver_.spans(), IsEmpty());
}

TEST(EndpointTest, IsAnAddressWithoutALogin) {
  std::string url;
  EXPECT_EQ(ReadEndpoint("http://collector:4318", &url), absl::OkStatus());
  EXPECT_EQ(url, "http://collector:4318/v1/traces");
  EXPECT_EQ(ReadEndpoint("https://otlp.example.org/tenant/v1/traces", &url), absl::OkStatus());
  EXPECT_EQ(url, "https://otlp.example.org/tenant/v1/traces");
  EXPECT_EQ(ReadEndpoint("http://collector:4318/", &url), absl::OkStatus());
  EXPECT_EQ(url, "http://collector:4318/v1/traces");
  for (const char* wrong : {"", "collector:4318", "grpc://collector:4317", "http://", "http:///v1/traces",
                            "http://a b", "http://a?x=1", "http://a\nb"})
    EXPECT_THAT(ReadEndpoint(wrong, &url), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  const absl::Status login = ReadEndpoint("https://u:hunter2@collector", &url);
  EXPECT_THAT(login, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(login.message()), Not(HasSubstr("hunter2")));
}

TEST(HeadersTest, AreLinesOfNameAndValue) {
  EXPECT_THAT(*ReadHeaders("# of the collector\nx-tenant: a\n\n  authorization: Bearer b  \r\n"),
              ElementsAre("x-tenant: a", "authorization: Bearer b"));
  for (const char* wrong : {"hunter2", ": hunter2", "a b: hunter2", "a: hunter2\x01"}) {
    const absl::Status status = ReadHeaders(absl::StrCat("x: y\n", wrong)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2"));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
  }
}

TEST(RejectedSpansTest, TakesWhateverACollectorAnswers) {
  EXPECT_EQ(RejectedSpans(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}})"), 3);
  EXPECT_EQ(RejectedSpans(R"({"partialSuccess":{"rejectedSpans":2}})"), 2);
  for (const char* answer :
       {"", "{}", "[]", "null", "{", "ok", R"({"partialSuccess":3})",
        R"({"partialSuccess":{"rejectedSpans":"x"}})", R"({"partialSuccess":{"rejectedSpans":-1}})"})
    EXPECT_EQ(RejectedSpans(answer), 0) << answer;
}

TEST(OtlpRequestTest, IsJsonWhateverIsInASpan) {
  SpanRecord record;
  record.context = NewContext(true);
  record.name = "\xff\xfe";
  record.service = "s";
  record.attributes = {{"\x80", std::string("\xc3\x28\0", 3)}};
  EXPECT_THAT(OtlpRequest({record}, "1", "i"), HasSubstr("resourceSpans"));
}

TEST(SpanTest, CostsNextToNothingWhereNothingIsExported) {
  const SpanContext parent = NewContext(true);
  const absl::Time begin = absl::Now();
  constexpr int kSpans = 1'000'000;
  for (int i = 0; i < kSpans; ++i) {
    Span span({"process changes", Kind::kConsumer, "s"}, parent);
    const Scope scope(span.context());
    span.Set("count", i);
    span.Link(parent);
  }
  std::cout << "figure trace.off ns_per_span=" << absl::ToInt64Nanoseconds(absl::Now() - begin) / kSpans
            << std::endl;
}

}  // namespace
}  // namespace cognate::trace
