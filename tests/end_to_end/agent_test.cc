// A target whose own agent fetches its deliveries.
#include <filesystem>
#include <random>

#include "common/process/process.h"
#include "tests/end_to_end/agent_fixture.h"
#include "tests/support/environment.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(AgentTest, FetchesAndReportsAndTheNextDeliveryNamesTheRecordByItsOwnId) {
  Run("INSERT INTO writer (name) VALUES ('Ada'); INSERT INTO article (title, writer_id) VALUES ('On "
      "engines', 1)");
  // The story waits for its author in the same round of the lane: the report must not wait for the story.
  const v1::PullResponse first = Pull("max_deliveries: 1");
  ASSERT_EQ(first.deliveries_size(), 1);
  EXPECT_EQ(first.deliveries(0).model(), "person");
  EXPECT_EQ(first.deliveries(0).local_id(), "");
  EXPECT_EQ(first.deliveries(0).fields(0).value().text_value(), "Ada");
  EXPECT_EQ(first.deliveries(0).source().local_id(), "1");
  EXPECT_THAT(first.deliveries(0).syncs(), ElementsAre("syncs/writers"));
  ASSERT_OK(Report({Applied(first.deliveries(0), "71")}));
  // The answer means that it is written down.
  EXPECT_THAT(Explained("1"), HasSubstr("71"));

  const v1::PullResponse second = Pull();
  ASSERT_EQ(second.deliveries_size(), 1);
  EXPECT_EQ(second.deliveries(0).model(), "story");
  EXPECT_EQ(second.deliveries(0).fields(1).value().text_value(), "71") << "the author";
  ASSERT_OK(Report({Applied(second.deliveries(0), "5")}));

  Run("UPDATE writer SET name = 'Ada L.'");
  const v1::PullResponse third = Pull();
  ASSERT_EQ(third.deliveries_size(), 1);
  EXPECT_EQ(third.deliveries(0).local_id(), "71");
  EXPECT_EQ(third.deliveries(0).entity_id(), first.deliveries(0).entity_id());
  ASSERT_OK(Report({Applied(third.deliveries(0), "71")}));

  Run("DELETE FROM article");
  const v1::PullResponse fourth = Pull();
  ASSERT_EQ(fourth.deliveries_size(), 1);
  EXPECT_EQ(fourth.deliveries(0).operation(), v1::OPERATION_DELETE);
  EXPECT_EQ(fourth.deliveries(0).local_id(), "5");
  ASSERT_OK(Report({Applied(fourth.deliveries(0), "")}));
}

TEST_F(AgentTest, WhatIsNotReportedInTimeIsGivenOutAgainAndALateAnswerCounts) {
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  const v1::PullResponse first = Pull("lease_duration { seconds: 1 }");
  ASSERT_EQ(first.deliveries_size(), 1);
  const v1::PullResponse again = Pull("lease_duration { seconds: 60 }");
  ASSERT_EQ(again.deliveries_size(), 1);
  EXPECT_EQ(again.deliveries(0).entity_id(), first.deliveries(0).entity_id());
  EXPECT_NE(again.lease(), first.lease());
  ASSERT_OK(Report({Applied(first.deliveries(0), "71")}));
  ASSERT_OK(Report({Applied(again.deliveries(0), "71")})) << "reported twice";
  EXPECT_TRUE(Pull("", absl::Seconds(2)).deliveries().empty());
  EXPECT_THAT(Explained("1"), HasSubstr("71"));
}

TEST_F(AgentTest, EachAnswerHasItsConsequence) {
  Run("INSERT INTO writer (name) VALUES ('a'), ('b'), ('c')");
  std::vector<v1::Delivery> deliveries;
  while (deliveries.size() < 3) {
    const v1::PullResponse pulled = Pull();
    ASSERT_FALSE(pulled.deliveries().empty());
    deliveries.insert(deliveries.end(), pulled.deliveries().begin(), pulled.deliveries().end());
  }
  std::vector<v1::DeliveryResult> results;
  for (const v1::Delivery& delivery : deliveries) {
    v1::DeliveryResult result = Applied(delivery, "");
    const std::string name = delivery.fields(0).value().text_value();
    result.mutable_error()->set_message("because of " + name);
    result.mutable_error()->set_reason("TEST");
    result.set_status(name == "a"   ? v1::OUTCOME_STATUS_REJECTED
                      : name == "b" ? v1::OUTCOME_STATUS_UNAUTHENTICATED
                                    : v1::OUTCOME_STATUS_FAILED);
    results.push_back(result);
  }
  ASSERT_OK(Report(results));
  EXPECT_THAT(Explained("1"), HasSubstr("DEAD"));
  EXPECT_THAT(Explained("1"), HasSubstr("because of a"));
  EXPECT_THAT(Explained("2"), HasSubstr("HELD"));
  EXPECT_THAT(Explained("3"), HasSubstr("RETRY"));
}

TEST_F(AgentTest, ABadReportIsRefusedAsAWholeWithEveryFault) {
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  const v1::PullResponse pulled = Pull();
  ASSERT_EQ(pulled.deliveries_size(), 1);
  v1::DeliveryResult broken;
  broken.set_entity_id("seven");
  broken.set_status(v1::OUTCOME_STATUS_WAITING);
  const absl::Status status = Report({Applied(pulled.deliveries(0), ""), broken});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(WhatIsWrong(status), HasSubstr("results[0].local_id: got nothing"));
  EXPECT_THAT(WhatIsWrong(status), HasSubstr("results[1].entity_id: got \"seven\""));
  EXPECT_THAT(WhatIsWrong(status), HasSubstr("results[1].status"));
  ASSERT_OK(Report({Applied(pulled.deliveries(0), "71")}));
}

TEST_F(AgentTest, OnlyAPlatformWithAnAgentIsAskedForAndNotWhileItIsLocked) {
  absl::Status status = Do(*delivery_, &DeliveryStub::Pull, "platform: 'magazine'").status();
  EXPECT_EQ(ErrorReason(status), "PLATFORM_IS_NO_AGENT");
  EXPECT_EQ(ErrorReason(Do(*delivery_, &DeliveryStub::Pull, "platform: 'nowhere'").status()),
            "PLATFORM_NOT_FOUND");
  EXPECT_EQ(ErrorReason(Do(*delivery_, &DeliveryStub::Pull,
                           "platform: 'till' max_deliveries: 1001 wait { seconds: 61 }")
                            .status()),
            "INVALID_FIELD");
  Cli({"platform", "lock", "till", "--reason", "stocktaking"});
  EXPECT_TRUE(Eventually([&] {
    return ErrorReason(Do(*delivery_, &DeliveryStub::Pull, "platform: 'till'").status()) == "PLATFORM_LOCKED";
  }));
}

TEST_F(AgentTest, ASubscriberHasNeverMoreThanItsCredits) {
  constexpr int kRecords = 200;
  constexpr int kCredits = 7;
  Run(absl::StrCat("INSERT INTO writer (name) SELECT 'w' || n FROM generate_series(1, ", kRecords, ") n"));
  v1::SubscribeRequest request;
  request.set_platform("till");
  request.set_credits(kCredits);
  int got = 0;
  while (got < kRecords) {
    grpc::ClientContext context;
    const auto reader = delivery_->Subscribe(&context, request);
    v1::SubscribeResponse response;
    while (got < kRecords && reader->Read(&response)) {
      ASSERT_LE(response.deliveries_size(), kCredits);
      std::vector<v1::DeliveryResult> results;
      for (const v1::Delivery& delivery : response.deliveries())
        results.push_back(Applied(delivery, absl::StrCat(++got)));
      if (results.empty()) continue;
      ASSERT_OK(Report(results));
    }
    context.TryCancel();
    const grpc::Status ended = reader->Finish();
    // The lane may not be there yet.
    ASSERT_TRUE(ended.error_code() == grpc::StatusCode::CANCELLED ||
                ended.error_code() == grpc::StatusCode::UNAVAILABLE)
        << ended.error_message();
  }
}

TEST_F(AgentTest, KilledBetweenApplyingAndReportingItMakesNothingTwice) {
  const int kills = test_support::FromEnvironment("COGNATE_AGENT_KILLS", 60);
  const std::string uri = cluster_.postgres().CreateDatabase("till");
  auto database = *postgres::Connection::Open(uri);
  ASSERT_OK(database->Execute(R"sql(
      CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY, name text NOT NULL);
      CREATE TABLE story (id int GENERATED ALWAYS AS IDENTITY (START 5000) PRIMARY KEY, headline text NOT NULL,
                          author int REFERENCES person);
      CREATE TABLE inbox (entity_id uuid, model text, local_id text, version bigint, PRIMARY KEY (entity_id, model));
  )sql"));
  const process::Command command = {
      .argv = {std::filesystem::read_symlink("/proc/self/exe").replace_filename("agent_program").string(),
               absl::StrCat("unix:", cluster_.directory(), "/cognate.sock"), "till", uri},
      .log_file = cluster_.directory() + "/agent.log"};
  const auto seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  int written = 0;
  for (int kill = 0; kill < kills; ++kill) {
    absl::StatusOr<process::Process> agent = process::Process::Spawn(command);
    ASSERT_OK(agent.status());
    for (int i = 0; i < 5; ++i, ++written) {
      Run(absl::StrCat("WITH w AS (INSERT INTO writer (name) VALUES ('w", written,
                       "') RETURNING id) INSERT INTO article (title, writer_id) SELECT 'a", written,
                       "', id FROM w"));
    }
    Run("UPDATE writer SET name = name || '.' WHERE id % 7 = 0");
    absl::SleepFor(absl::Milliseconds(std::uniform_int_distribution<int>(1, 400)(random)));  // when it dies
    agent->Kill();
  }
  Run("DELETE FROM article WHERE id % 5 = 0");
  absl::StatusOr<process::Process> agent = process::Process::Spawn(command);
  ASSERT_OK(agent.status());
  const std::string left = Ask(*source_, "SELECT count(*) FROM article");
  Expect(*database, "SELECT count(*) FROM story", left);
  const auto lines = [&](postgres::Connection& connection, const std::string& sql) {
    return Ask(connection,
               absl::StrCat("SELECT string_agg(line, E'\\n' ORDER BY line) FROM (", sql, ") AS l(line)"));
  };
  const std::string wanted =
      lines(*source_,
            "SELECT a.title || ' by ' || w.name FROM article a JOIN writer w ON w.id = a.writer_id "
            "UNION ALL SELECT name FROM writer");
  const auto got = [&] {
    return lines(*database,
                 "SELECT s.headline || ' by ' || p.name FROM story s JOIN person p ON p.id = s.author "
                 "UNION ALL SELECT name FROM person");
  };
  EXPECT_TRUE(Eventually([&] { return got() == wanted; }));
  const int duplicated = std::stoi(Ask(*database, "SELECT count(*) - count(DISTINCT name) FROM person"));
  const int missing = written - std::stoi(Ask(*database, "SELECT count(*) FROM person"));
  std::cout << "figure agent.killed kills=" << kills << " records=" << 2 * written
            << " duplicated=" << duplicated << " missing=" << missing << "\n";
  EXPECT_EQ(duplicated, 0);
  EXPECT_EQ(missing, 0);
  agent->Kill();
}

}  // namespace
}  // namespace cognate
