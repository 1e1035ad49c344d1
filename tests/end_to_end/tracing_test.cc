// One change is one trace, through every service to the target, whether they are one process or many; and a
// collector that is broken, slow or away is nobody's trouble.
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cognate/v1/audit_service.grpc.pb.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "common/http/log_level_client.h"
#include "nlohmann/json.hpp"
#include "tests/cluster/admin.h"
#include "tests/end_to_end/two_databases.h"
#include "tests/support/otlp_receiver.h"

namespace cognate {
namespace {

using cluster::Shape;
using test_support::Eventually;
using test_support::IsOk;
using test_support::OtlpReceiver;
using test_support::ReceivedSpan;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;
using Mood = OtlpReceiver::Mood;

// What the processes of the cluster begin with; before the cluster, as it is.
class Traced {
 protected:
  Traced() {
    setenv("COGNATE_OTLP_ENDPOINT", receiver_.endpoint().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    setenv("COGNATE_LOG_LEVEL", "debug", 1);                           // NOLINT(concurrency-mt-unsafe)
  }
  ~Traced() {
    unsetenv("COGNATE_OTLP_ENDPOINT");  // NOLINT(concurrency-mt-unsafe)
    unsetenv("COGNATE_LOG_LEVEL");      // NOLINT(concurrency-mt-unsafe)
  }

  OtlpReceiver receiver_;
};

class TracingTest : private Traced, public TwoDatabases, public ::testing::WithParamInterface<Shape> {
 protected:
  TracingTest() : TwoDatabases(GetParam()) {}

  OtlpReceiver& receiver() { return receiver_; }

  void SetUp() override {
    Build("CREATE TABLE article (id serial PRIMARY KEY, title text NOT NULL)",
          "CREATE TABLE post (id serial PRIMARY KEY, headline text NOT NULL)");
    ASSERT_THAT(CreateSync("articles", "article", "post", "fields { source: 'title' target: 'headline' }"),
                IsOk());
  }

  void ExpectThatAChangeTravels(const std::string& title) {
    Run(absl::StrCat("INSERT INTO article (title) VALUES ('", title, "')"));
    ExpectTarget(absl::StrCat("SELECT count(*) FROM post WHERE headline = '", title, "'"), "1");
  }

  // Of the trace that has reached the ledger with its outcome.
  std::string SettledTrace() {
    std::string trace_id;
    EXPECT_TRUE(Eventually([&] {
      for (const ReceivedSpan& span : receiver_.spans()) {
        if (span.name != "LedgerService/Settle" || span.kind != 2) continue;
        trace_id = span.trace_id;
        return HasAll(trace_id);
      }
      return false;
    })) << Said(trace_id);
    return trace_id;
  }

  // Whatever process was the last to tell, all have: every span's parent is there, and the first.
  bool HasAll(const std::string& trace_id) {
    std::set<std::string> known;
    for (const ReceivedSpan& span : receiver_.SpansOf(trace_id)) known.insert(span.span_id);
    int firsts = 0;
    for (const ReceivedSpan& span : receiver_.SpansOf(trace_id)) {
      if (span.parent_id.empty()) ++firsts;
      if (!span.parent_id.empty() && !known.contains(span.parent_id)) return false;
    }
    return firsts == 1;
  }

  std::string Said(const std::string& trace_id) {
    std::string said = absl::StrCat("trace ", trace_id, "\n");
    for (const ReceivedSpan& span : receiver_.spans()) {
      if (!trace_id.empty() && span.trace_id != trace_id) continue;
      absl::StrAppend(&said, span.service, " ", span.name, " ", span.kind, " ", span.parent_id, " > ",
                      span.span_id, "\n");
    }
    return said;
  }

  // "transformer: transform", of each span of a trace.
  std::set<std::string> StepsOf(const std::string& trace_id) {
    std::set<std::string> steps;
    for (const ReceivedSpan& span : receiver_.SpansOf(trace_id))
      steps.insert(absl::StrCat(span.service, ": ", span.name));
    return steps;
  }

  // The services whose logs have a line of this trace.
  std::set<std::string> ServicesLogging(const std::string& trace_id) {
    std::set<std::string> services;
    for (const std::string& name : cluster_.names()) {
      std::ifstream file(cluster_.LogPath(name));
      for (std::string line; std::getline(file, line);) {
        if (!absl::StrContains(line, trace_id)) continue;
        const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
        if (json.is_object() && json.value("trace_id", "") == trace_id)
          services.insert(json.value("service", "?"));
      }
    }
    return services;
  }
};

INSTANTIATE_TEST_SUITE_P(Shapes, TracingTest, ::testing::Values(Shape::kOneProcess, Shape::kOneEach),
                         [](const auto& shape) {
                           return shape.param == Shape::kOneProcess ? "OneProcess" : "OneEach";
                         });

TEST_P(TracingTest, AChangeMadeInPostgresIsOneTraceToItsTarget) {
  ExpectThatAChangeTravels("traced");
  const std::string trace_id = SettledTrace();
  EXPECT_THAT(
      StepsOf(trace_id),
      IsSupersetOf({"change-capture: capture from PostgreSQL", "change-capture: commit to the change log",
                    "change-capture: send changes", "transformer: process changes", "transformer: transform",
                    "transformer: LedgerService/Resolve", "platform-registry: LedgerService/Resolve",
                    "transformer: LedgerService/Plan", "platform-registry: LedgerService/Plan",
                    "transformer: send lane:{platform}", "delivery: process lane:{platform}",
                    "delivery: deliver", "delivery: FeedbackService/Report",
                    "feedback: FeedbackService/Report", "feedback: LedgerService/Settle",
                    "platform-registry: LedgerService/Settle"}))
      << Said(trace_id);
  // Who works on an entry is linked to who has added it.
  std::set<std::string> sent;
  for (const ReceivedSpan& span : receiver().SpansOf(trace_id)) {
    if (span.kind == 4) sent.insert(span.span_id);
  }
  for (const ReceivedSpan& span : receiver().SpansOf(trace_id)) {
    if (span.kind != 5) continue;
    ASSERT_THAT(span.links, SizeIs(1));
    EXPECT_TRUE(sent.contains(span.links[0])) << span.name;
  }
  EXPECT_THAT(ServicesLogging(trace_id),
              IsSupersetOf({"change_capture", "transformer", "platform_registry", "delivery", "feedback"}));
  EXPECT_EQ(receiver().faults(), "");
  std::cout << "figure trace.one_change spans=" << receiver().SpansOf(trace_id).size() << std::endl;
}

TEST_P(TracingTest, ACallersTraceIsContinuedIfItIsSampledAndLoggedInAnyCase) {
  const auto capture = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
  const auto call = [&](const std::string& traceparent) {
    grpc::ClientContext context;
    context.AddMetadata("traceparent", traceparent);
    context.set_deadline(absl::ToChronoTime(absl::Now() + test_support::kPatience));
    v1::ListSourcesResponse response;
    EXPECT_TRUE(capture->ListSources(&context, v1::ListSourcesRequest(), &response).ok());
  };
  const std::string sampled = "0af7651916cd43dd8448eb211c80319c";
  const std::string unsampled = "1bf7651916cd43dd8448eb211c80319c";
  call(absl::StrCat("00-", unsampled, "-b7ad6b7169203331-00"));
  call(absl::StrCat("00-", sampled, "-b7ad6b7169203331-01"));
  EXPECT_TRUE(Eventually([&] { return !receiver().SpansOf(sampled).empty(); }));
  EXPECT_EQ(receiver().SpansOf(sampled).front().parent_id, "b7ad6b7169203331");
  EXPECT_THAT(receiver().SpansOf(unsampled), SizeIs(0));
  EXPECT_TRUE(Eventually([&] { return ServicesLogging(unsampled).contains("change_capture"); }));
}

TEST_P(TracingTest, TheLevelOfTheLogChangesWhileAProcessRunsAndStandsInTheAudit) {
  const std::string name = GetParam() == Shape::kOneProcess ? "cognate" : "delivery";
  const std::string admin = absl::StrCat("127.0.0.1:", cluster::AdminPort(cluster_, name));
  EXPECT_EQ(*http::AskLogLevel(admin, ""), "debug");
  EXPECT_EQ(*http::AskLogLevel(admin, "info"), "info");
  EXPECT_EQ(*http::AskLogLevel(admin, ""), "info");
  EXPECT_THAT(cluster_.LogOf(name), HasSubstr("log level changed"));
  const auto audit = v1::AuditService::NewStub(cluster_.ChannelTo("feedback"));
  const auto entries =
      Do(*audit, &v1::AuditService::Stub::ListAuditEntries, "filter { method: 'log-level' }");
  ASSERT_THAT(entries, IsOk());
  ASSERT_THAT(entries->entries(), SizeIs(2));
  EXPECT_EQ(entries->entries(0).principal(), "local");
  if (GetParam() != Shape::kOneProcess) return;
  EXPECT_EQ(cluster_.Run({"log-level", "warn", "--admin", admin}).code, 0);
  EXPECT_EQ(*http::AskLogLevel(admin, ""), "warn");
  const cluster::Cluster::Ran wrong = cluster_.Run({"log-level", "loud", "--admin", admin});
  EXPECT_NE(wrong.code, 0);
  EXPECT_THAT(wrong.output, HasSubstr("want debug, info, warn or error"));
}

TEST_P(TracingTest, ACollectorInTroubleDisturbsNothing) {
  for (const Mood mood : {Mood::kRefuses, Mood::kOverloaded, Mood::kSlow, Mood::kNeverAnswers}) {
    receiver().SetMood(mood);
    ExpectThatAChangeTravels(absl::StrCat("in mood ", static_cast<int>(mood)));
  }
  ASSERT_TRUE(Eventually([&] { return receiver().requests() > 0; }));
  // They end, though the collector does not answer.
  for (const std::string& name : cluster_.names())
    EXPECT_EQ(cluster_.Terminate(name), 0) << cluster_.LogOf(name);
}

}  // namespace
}  // namespace cognate
