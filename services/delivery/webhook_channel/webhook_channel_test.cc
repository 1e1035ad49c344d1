#include "services/delivery/webhook_channel/webhook_channel.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "absl/strings/str_format.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/trace/current.h"
#include "common/value/fingerprint.h"
#include "common/value/value.h"
#include "services/delivery/webhook_channel/test_endpoint.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::delivery {
namespace {

using Json = TestEndpoint::Json;
using Seen = TestEndpoint::Seen;
using ::testing::HasSubstr;

class WebhookChannelTest : public ::testing::Test {
 protected:
  WebhookChannelTest() {
    std::ofstream(secret_file()) << kTestSecret << "\n";
    platform_.set_name("platforms/shop");
    platform_.set_channel(v1::CHANNEL_WEBHOOK);
    platform_.mutable_webhook()->set_url(endpoint_.url());
    platform_.mutable_webhook()->add_secrets()->set_file(secret_file());
    platform_.mutable_webhook()->set_allow_private_addresses(true);
    group_.set_model("customers");
    group_.add_field_names("name");
    group_.add_key_fields("id");
    group_.set_source_platform("crm");
    group_.set_source_model("users");
  }
  std::string secret_file() const { return directory_.path() + "/secret"; }

  void Add(const std::string& name, int64_t version = 7) {
    bus::v1::Delivery& delivery = *group_.add_deliveries();
    delivery.set_entity_id(std::string(Uuid::V7(Clock::Real()).AsBytes()));
    delivery.set_version(version);
    delivery.set_operation(v1::OPERATION_UPDATE);
    *delivery.add_values() = value::Text(name);
  }
  void AddMany(int count) {
    for (int i = 0; i < count; ++i) Add(absl::StrFormat("n%03d", i));
  }
  std::vector<Outgoing> Outgoings() const {
    std::vector<Outgoing> outgoings;
    for (const bus::v1::Delivery& delivery : group_.deliveries())
      outgoings.push_back({&group_, &delivery, true});
    return outgoings;
  }
  WebhookChannel& Open() {
    channel_ = std::make_unique<WebhookChannel>(platform_, WebhookParts{Clock::Real(), sender_});
    EXPECT_OK(channel_->Open());
    endpoint_.Forget();
    return *channel_;
  }
  std::vector<v1::Outcome> Apply() {
    absl::StatusOr<std::vector<v1::Outcome>> outcomes = Open().Apply(Outgoings());
    EXPECT_OK(outcomes.status());
    return outcomes.ok() ? *outcomes : std::vector<v1::Outcome>();
  }
  absl::Status OpenAgainst(int status, const std::string& body = "", const std::string& location = "") {
    endpoint_.AnswerWith([=](const Seen&, httplib::Response& response) {
      response.status = status;
      if (!location.empty()) response.set_header("Location", location);
      response.set_content(body, "text/plain");
    });
    return WebhookChannel(platform_, {Clock::Real(), sender_}).Open();
  }
  static bool Has(const Seen& seen, const std::string& name) {
    const std::vector<Json> deliveries = seen.deliveries();
    return std::any_of(deliveries.begin(), deliveries.end(),
                       [&](const Json& delivery) { return delivery["fields"]["name"] == name; });
  }
  static std::string Summary(const std::vector<v1::Outcome>& outcomes) {
    std::map<std::string, int> counts;
    for (const v1::Outcome& outcome : outcomes) ++counts[v1::OutcomeStatus_Name(outcome.status()).substr(15)];
    std::string summary;
    for (const auto& [status, count] : counts)
      absl::StrAppend(&summary, summary.empty() ? "" : " ", status, "=", count);
    return summary;
  }

  test_support::TempDir directory_;
  TestEndpoint endpoint_;
  webhook::Sender sender_{{.allow_private_addresses = true}};
  v1::Platform platform_;
  bus::v1::DeliveryGroup group_;
  std::unique_ptr<WebhookChannel> channel_;
};

TEST_F(WebhookChannelTest, SendsSignedBatchesAndTakesLocalIdsFromTheAnswer) {
  AddMany(250);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    TestEndpoint::Reply(seen, response, [](const Json& delivery) {
      return Json{{"status", "applied"}, {"local_id", "c" + delivery["fields"]["name"].get<std::string>()}};
    });
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=250");
  EXPECT_EQ(outcomes[249].local_id(), "cn249");
  EXPECT_EQ(outcomes[249].version(), 7);
  EXPECT_EQ(outcomes[249].fingerprint(), value::Fingerprint(value::Fields({{"name", value::Text("n249")}})));
  const std::vector<Seen> seen = endpoint_.seen();
  ASSERT_EQ(seen.size(), 3u);
  for (const Seen& each : seen) EXPECT_TRUE(each.is_signed);
  const Json first = seen[0].deliveries()[0];
  EXPECT_EQ(first["model"], "customers");
  EXPECT_EQ(first["operation"], "update");
  EXPECT_EQ(first["source"].dump(), R"({"platform":"crm","model":"users","local_id":""})");
  EXPECT_TRUE(first["local_id"].is_null());
}

TEST_F(WebhookChannelTest, TellsTheEndpointOfWhatTraceItsDeliveriesAre) {
  AddMany(1);
  const trace::SpanContext span = trace::NewContext(true);
  {
    const trace::Scope scope(span);
    Apply();
  }
  ASSERT_EQ(endpoint_.seen().size(), 1);
  EXPECT_EQ(endpoint_.seen()[0].traceparent, trace::FormatTraceparent(span));
  Apply();
  EXPECT_EQ(endpoint_.seen().back().traceparent, "") << "of none";
}

TEST_F(WebhookChannelTest, WhatTheAnswerSaysThatItWroteIsWhatIsKnown) {
  AddMany(2);
  group_.add_missing_only(true);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    TestEndpoint::Reply(seen, response, [](const Json& delivery) {
      Json answer = {{"status", "applied"}, {"local_id", "1"}};
      if (delivery["fields"]["name"] == "n001") answer["written"] = {{"name", "kept"}};
      return answer;
    });
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(outcomes[0].fingerprint(), "");
  EXPECT_EQ(outcomes[1].fingerprint(), value::Fingerprint(value::Fields({{"name", value::Text("kept")}})));
}

TEST_F(WebhookChannelTest, NothingInTheAnswerMeansThatAllWasApplied) {
  AddMany(2);
  group_.mutable_deliveries(1)->set_local_id("known");
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=2");
  EXPECT_EQ(outcomes[0].local_id(), Uuid::FromBytes(group_.deliveries(0).entity_id())->ToString());
  EXPECT_EQ(outcomes[1].local_id(), "known");
}

TEST_F(WebhookChannelTest, OneRecordARequestIfThePlatformSaysSo) {
  platform_.mutable_webhook()->set_max_deliveries(1);
  platform_.mutable_webhook()->set_max_requests(4);
  AddMany(20);
  endpoint_.AnswerWith([](const Seen&, httplib::Response& response) {
    response.set_content(R"({"local_id": 41})", "application/json");
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=20");
  EXPECT_EQ(outcomes[0].local_id(), "41");
  EXPECT_EQ(endpoint_.seen().size(), 20u);
  EXPECT_EQ(endpoint_.seen()[0].body["type"], "cognate.delivery");
}

TEST_F(WebhookChannelTest, ValuesThatJsonWouldChangeGoAsTextsWithTheirTypes) {
  group_.clear_field_names();
  for (const char* name : {"big", "small", "price", "blob", "day", "nothing", "parent"})
    group_.add_field_names(name);
  Add("unused");
  auto& values = *group_.mutable_deliveries(0)->mutable_values();
  values.Clear();
  *values.Add() = value::Int(int64_t{9'007'199'254'740'993});
  *values.Add() = value::Int(5);
  *values.Add() = value::Decimal("12.50");
  *values.Add() = value::Bytes("\x01\xff");
  *values.Add() = value::Date("2026-02-28");
  *values.Add() = value::Null();
  values.Add()->mutable_reference_value()->set_local_id("77");
  Apply();
  const Json delivery = endpoint_.seen().at(0).deliveries().at(0);
  EXPECT_EQ(
      delivery["fields"].dump(),
      R"({"big":"9007199254740993","small":5,"price":"12.50","blob":"Af8=","day":"2026-02-28","nothing":null,"parent":"77"})");
  EXPECT_EQ(delivery["types"].dump(), R"({"big":"int64","price":"decimal","blob":"bytes","day":"date"})");
}

TEST_F(WebhookChannelTest, WhatTheAnswerSaysOfARecordIsItsOutcome) {
  AddMany(6);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    TestEndpoint::Reply(seen, response, [](const Json& delivery) {
      const std::string name = delivery["fields"]["name"];
      if (name == "n000")
        return Json{{"status", "rejected"}, {"error", {{"reason", "TOO_OLD"}, {"field", "name"}}}};
      if (name == "n001") return Json{{"error", {{"message", "locked"}, {"retry_after", 90}}}};
      if (name == "n002") return Json{{"status", "unauthenticated"}};
      if (name == "n003") return Json{{"status", "conflict"}};
      if (name == "n004") return Json{{"status", "wat"}};
      return Json{{"status", "skipped"}, {"error", {{"reason", "RECORD_EXISTS"}}}};
    });
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "CONFLICT=1 FAILED=2 REJECTED=1 SKIPPED=1 UNAUTHENTICATED=1");
  EXPECT_EQ(outcomes[0].error().reason(), "TOO_OLD");
  EXPECT_EQ(outcomes[0].error().field(), "name");
  EXPECT_EQ(outcomes[1].error().retry_delay().seconds(), 90);
  EXPECT_EQ(outcomes[4].error().reason(), "BAD_ANSWER");
}

TEST_F(WebhookChannelTest, ARecordThatTheAnswerPassesOverIsTriedAgain) {
  AddMany(2);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    if (seen.is_ping()) return;
    const Json result = {{"entity_id", seen.deliveries()[0]["entity_id"]}, {"status", "applied"}};
    response.set_content(Json{{"results", Json::array({result})}}.dump(), "application/json");
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=1 FAILED=1");
  EXPECT_EQ(outcomes[1].error().reason(), "NOT_ANSWERED");
}

TEST_F(WebhookChannelTest, ARefusedBatchIsHalvedUntilTheBadRecordStandsAlone) {
  AddMany(100);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    if (!Has(seen, "n037")) return;
    response.status = 422;
    response.set_content("name is taken", "text/plain");
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=99 REJECTED=1");
  EXPECT_EQ(outcomes[37].error().reason(), "REFUSED_BY_TARGET");
  EXPECT_THAT(outcomes[37].error().message(), HasSubstr("422: name is taken"));
  EXPECT_LE(endpoint_.seen().size(), 16u);
}

TEST_F(WebhookChannelTest, ARecordThatBreaksTheEndpointIsTriedAgainAndTheOthersGo) {
  AddMany(100);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    if (Has(seen, "n000")) response.status = 500;
  });
  const std::vector<v1::Outcome> outcomes = Apply();
  EXPECT_EQ(Summary(outcomes), "APPLIED=99 FAILED=1");
  EXPECT_EQ(outcomes[0].error().reason(), "ENDPOINT_FAILED");
  EXPECT_OK(channel_->lost());
}

TEST_F(WebhookChannelTest, AnEndpointThatTakesNothingIsDownAndNoRecordCountsAnAttempt) {
  AddMany(100);
  WebhookChannel& channel = Open();
  endpoint_.AnswerWith([](const Seen&, httplib::Response& response) { response.status = 500; });
  const absl::Status status = channel.Apply(Outgoings()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "ENDPOINT_FAILED");
  EXPECT_LE(endpoint_.seen().size(), 30u);
}

TEST_F(WebhookChannelTest, OneRecordAloneCountsNoAttemptEitherWhileTheEndpointIsDown) {
  AddMany(1);
  WebhookChannel& channel = Open();
  endpoint_.AnswerWith([](const Seen&, httplib::Response& response) { response.status = 500; });
  EXPECT_EQ(ErrorReason(channel.Apply(Outgoings()).status()), "ENDPOINT_FAILED");
  // It answers again, only not to this record.
  endpoint_.AnswerWith(
      [](const Seen& seen, httplib::Response& response) { response.status = seen.is_ping() ? 200 : 500; });
  const auto outcomes = channel.Apply(Outgoings());
  ASSERT_OK(outcomes.status());
  EXPECT_EQ(Summary(*outcomes), "FAILED=1");
}

TEST_F(WebhookChannelTest, WhatWasAnsweredBeforeTheEndpointWasLostIsNotForgotten) {
  AddMany(300);
  endpoint_.AnswerWith([](const Seen& seen, httplib::Response& response) {
    if (!Has(seen, "n150")) return;
    response.status = 503;
    response.set_header("Retry-After", "120");
  });
  WebhookChannel& channel = Open();
  const auto outcomes = channel.Apply(Outgoings());
  ASSERT_OK(outcomes.status());
  EXPECT_EQ(Summary(*outcomes), "APPLIED=100 UNSPECIFIED=200");
  EXPECT_EQ(ErrorReason(channel.lost()), "ENDPOINT_OVERLOADED");
  EXPECT_EQ(RetryDelay(channel.lost()), absl::Seconds(120));
}

TEST_F(WebhookChannelTest, TheSameRecordsHaveTheSameIdWhenTheyComeAgain) {
  AddMany(3);
  WebhookChannel& channel = Open();
  ASSERT_OK(channel.Apply(Outgoings()).status());
  ASSERT_OK(channel.Apply(Outgoings()).status());
  group_.mutable_deliveries(0)->set_version(8);
  ASSERT_OK(channel.Apply(Outgoings()).status());
  const std::vector<Seen> seen = endpoint_.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].id, seen[1].id);
  EXPECT_NE(seen[0].id, seen[2].id);
}

TEST_F(WebhookChannelTest, OpeningAsksWhetherTheEndpointIsThere) {
  Open();
  EXPECT_OK(OpenAgainst(400, "unknown type"));
  EXPECT_EQ(ErrorReason(OpenAgainst(500)), "ENDPOINT_FAILED");
  EXPECT_EQ(ErrorReason(OpenAgainst(404)), "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(OpenAgainst(401).code(), absl::StatusCode::kUnauthenticated);
  const absl::Status gone = OpenAgainst(410);
  EXPECT_EQ(ErrorReason(gone), "ENDPOINT_GONE");
  EXPECT_EQ(RetryDelay(gone), absl::Hours(24));
  const absl::Status moved = OpenAgainst(301, "", "https://elsewhere.example.org/hook");
  EXPECT_EQ(ErrorReason(moved), "ENDPOINT_REDIRECTED");
  EXPECT_THAT(moved.message(), HasSubstr("https://elsewhere.example.org/hook"));
}

TEST_F(WebhookChannelTest, APageInThePlaceOfAnAnswerIsNoAnswer) {
  AddMany(1);
  WebhookChannel& channel = Open();
  endpoint_.AnswerWith([](const Seen&, httplib::Response& response) {
    response.set_content("<!doctype html><title>Welcome</title>", "text/html");
  });
  const absl::Status status = channel.Apply(Outgoings()).status();
  EXPECT_EQ(ErrorReason(status), "BAD_ANSWER");
  EXPECT_THAT(status.message(), HasSubstr("is the URL right?"));
}

TEST_F(WebhookChannelTest, ASecretThatIsMissingOrUnfitIsSaidAndNotRepeated) {
  std::ofstream(secret_file()) << "hunter2";
  absl::Status status = WebhookChannel(platform_, {Clock::Real(), sender_}).Open();
  EXPECT_EQ(ErrorReason(status), "UNFIT_SECRET");
  EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("hunter2")));
  platform_.mutable_webhook()->mutable_secrets(0)->set_file(directory_.path() + "/none");
  EXPECT_EQ(ErrorReason(WebhookChannel(platform_, {Clock::Real(), sender_}).Open()), "SECRET_UNAVAILABLE");
  EXPECT_TRUE(endpoint_.seen().empty());
}

TEST_F(WebhookChannelTest, AnEndpointThatHangsIsInterrupted) {
  AddMany(1);
  WebhookChannel& channel = Open();
  // Outlives the test's body: the endpoint's thread wakes when it likes.
  struct Gate {
    Mutex mutex;
    CondVar opened;
    bool is_open ABSL_GUARDED_BY(mutex) = false;
  };
  const auto gate = std::make_shared<Gate>();
  endpoint_.AnswerWith([gate](const Seen&, httplib::Response&) {
    MutexLock lock(&gate->mutex);
    while (!gate->is_open) gate->opened.Wait(&gate->mutex);
  });
  std::thread interrupter([&] {
    EXPECT_TRUE(test_support::Eventually([&] { return !endpoint_.seen().empty(); }));
    channel.Interrupt();
  });
  EXPECT_FALSE(channel.Apply(Outgoings()).ok());
  interrupter.join();
  MutexLock lock(&gate->mutex);
  gate->is_open = true;
  gate->opened.SignalAll();
}

}  // namespace
}  // namespace cognate::delivery
