// The whole way through the front doors, in both shapes: everything in one process, and one process for each
// service.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using cluster::Shape;
using test_support::Eventually;
using test_support::IsOk;
using test_support::ParseProto;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kSource[] = R"sql(
    CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE book (id serial PRIMARY KEY, title text NOT NULL, author_id int NOT NULL REFERENCES author,
        sequel_of int REFERENCES book DEFERRABLE INITIALLY DEFERRED, price numeric(8, 2));
    INSERT INTO author (name) SELECT 'author ' || i FROM generate_series(1, 20) i;
    INSERT INTO book (title, author_id, sequel_of, price)
        SELECT 'book ' || i, i % 20 + 1, CASE WHEN i > 50 THEN i - 50 END, i * 0.25 FROM generate_series(1, 200) i;
)sql";

constexpr char kTarget[] = R"sql(
    CREATE TABLE writers (writer_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 900) PRIMARY KEY, "Full Name" varchar(40) NOT NULL);
    CREATE TABLE works (work_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 5000) PRIMARY KEY, title varchar(40) NOT NULL,
        writer_no bigint NOT NULL REFERENCES writers, follows bigint REFERENCES works, price numeric(8, 2));
    INSERT INTO writers ("Full Name") VALUES ('of our own');
)sql";

class WayOfAChangeTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    source_uri_ = cluster_.postgres().CreateDatabase("library");
    target_uri_ = cluster_.postgres().CreateDatabase("shop");
    source_ = *postgres::Connection::Open(source_uri_);
    target_ = *postgres::Connection::Open(target_uri_);
    ASSERT_THAT(source_->Execute(kSource), IsOk());
    ASSERT_THAT(target_->Execute(kTarget), IsOk());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    ledger_ = v1::LedgerService::NewStub(cluster_.ChannelTo("platform-registry"));
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    feedback_ = v1::FeedbackService::NewStub(cluster_.ChannelTo("feedback"));
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const std::string& text) {
    return grpc_support::Call(stub, method, ParseProto<Request>(text), {.timeout = test_support::kPatience});
  }

  void Configure() {
    using Stub = v1::PlatformRegistryService::Stub;
    const auto platform = [&](absl::string_view id, absl::string_view uri, absl::string_view more) {
      ASSERT_THAT(
          Do(*registry_, &Stub::CreatePlatform,
             absl::StrCat("platform { name: 'platforms/", id,
                          "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uri, "' } ", more, " }")),
          IsOk());
      ASSERT_THAT(Do(*registry_, &Stub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")),
                  IsOk());
    };
    platform("library", source_uri_, "capture_mode: CAPTURE_MODE_REPLICATION");
    platform("shop", target_uri_, "");
    ASSERT_THAT(Do(*registry_, &Stub::CreateSync,
                   "sync { name: 'syncs/authors' source_platform: 'library' source_model: 'public.author' "
                   "target_platform: 'shop' "
                   "target_model: 'public.writers' fields { source: 'name' target: 'Full Name' } }"),
                IsOk());
    ASSERT_THAT(Do(*registry_, &Stub::CreateSync,
                   "sync { name: 'syncs/books' source_platform: 'library' source_model: 'public.book' "
                   "target_platform: 'shop' "
                   "target_model: 'public.works' fields { source: 'title' target: 'title' } fields { source: "
                   "'author_id' target: "
                   "'writer_no' } fields { source: 'sequel_of' target: 'follows' } fields { source: 'price' "
                   "target: 'price' } }"),
                IsOk());
  }

  std::string Ask(postgres::Connection& connection, const std::string& sql) {
    const auto rows = connection.QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    return rows->size() == 1 ? std::string(rows->GetText(0, 0)) : absl::StrCat(rows->size(), " rows");
  }
  // Every book with its author's name and its predecessor's title, as one text.
  std::string SourceContent() {
    return Ask(*source_,
               "SELECT string_agg(concat_ws('|', b.title, a.name, p.title, b.price), E'\\n' ORDER BY "
               "b.title) FROM book b JOIN "
               "author a ON a.id = b.author_id LEFT JOIN book p ON p.id = b.sequel_of");
  }
  std::string TargetContent() {
    return Ask(*target_,
               "SELECT string_agg(concat_ws('|', b.title, a.\"Full Name\", p.title, b.price), E'\\n' ORDER "
               "BY b.title) FROM works b "
               "JOIN writers a USING (writer_no) LEFT JOIN works p ON p.work_no = b.follows");
  }
  bool Agree() {
    return Eventually([&] { return SourceContent() == TargetContent(); });
  }

  cluster::Cluster cluster_{GetParam()};
  std::string source_uri_;
  std::string target_uri_;
  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> target_;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_;
  std::unique_ptr<v1::LedgerService::Stub> ledger_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::unique_ptr<v1::FeedbackService::Stub> feedback_;
};

TEST_P(WayOfAChangeTest, ExistingAndLiveRecordsArriveWithTheirReferences) {
  Configure();
  ASSERT_TRUE(Agree()) << "source:\n"
                       << SourceContent().substr(0, 500) << "\ntarget:\n"
                       << TargetContent().substr(0, 500);
  ASSERT_THAT(
      source_->Execute("UPDATE author SET name = 'renamed' WHERE id = 3; DELETE FROM book WHERE id = 200;"
                       "INSERT INTO book (id, title, author_id, sequel_of) VALUES (1002, 'child', 1, 1001), "
                       "(1001, 'parent', 2, NULL);"
                       "UPDATE book SET author_id = 7, sequel_of = 2 WHERE id = 150"),
      IsOk());
  EXPECT_TRUE(Agree()) << "source:\n"
                       << SourceContent().substr(0, 500) << "\ntarget:\n"
                       << TargetContent().substr(0, 500);
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM writers WHERE \"Full Name\" = 'of our own'"), "1");
}

TEST_P(WayOfAChangeTest, ACycleOfRecordsArrives) {
  Configure();
  ASSERT_TRUE(Agree());
  ASSERT_THAT(source_->Execute("INSERT INTO book (id, title, author_id, sequel_of) VALUES (2001, 'hen', 1, "
                               "2002), (2002, 'egg', 1, 2001)"),
              IsOk());
  EXPECT_TRUE(Agree());
  EXPECT_EQ(
      Ask(*target_,
          "SELECT count(*) FROM works a JOIN works b ON a.follows = b.work_no AND b.follows = a.work_no"),
      "2");
}

TEST_P(WayOfAChangeTest, AValueThatDoesNotFitFailsAloneAndIsExplained) {
  Configure();
  ASSERT_TRUE(Agree());
  ASSERT_THAT(
      source_->Execute(
          "INSERT INTO book (id, title, author_id) VALUES (3001, repeat('x', 41), 1), (3002, 'short', 1)"),
      IsOk());
  EXPECT_TRUE(
      Eventually([&] { return Ask(*target_, "SELECT count(*) FROM works WHERE title = 'short'") == "1"; }));
  const std::string record = "record { platform: 'library' model: 'public.book' local_id: '3001' }";
  v1::ExplainResponse explained;
  EXPECT_TRUE(Eventually([&] {
    const auto response = Do(*feedback_, &v1::FeedbackService::Stub::Explain, record);
    if (!response.ok() || response->targets_size() != 1) return false;
    explained = *response;
    return explained.targets(0).state() == v1::REPLICA_STATE_DEAD;
  })) << explained.DebugString();
  EXPECT_THAT(explained.DebugString(), HasSubstr("title"));
  const auto troubles = Do(*feedback_, &v1::FeedbackService::Stub::ListTroubles, "platform: 'shop'");
  ASSERT_THAT(troubles, IsOk());
  ASSERT_EQ(troubles->troubles_size(), 1);
  EXPECT_EQ(troubles->troubles(0).error().reason(), "VALUE_TOO_LONG");
  EXPECT_EQ(troubles->troubles(0).error().field(), "title");
  // A newer change that fits mends it by itself.
  ASSERT_THAT(source_->Execute("UPDATE book SET title = 'fits now' WHERE id = 3001"), IsOk());
  EXPECT_TRUE(Agree());
}

TEST_P(WayOfAChangeTest, WatchTellsWhatWasAppliedAndGoesOnAfterItsToken) {
  Configure();
  ASSERT_TRUE(Agree());
  const auto read_until = [&](const std::string& token, const std::string& word) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoSeconds(test_support::kPatience));
    v1::WatchRequest request;
    request.set_resume_token(token);
    const auto reader = feedback_->Watch(&context, request);
    v1::WatchResponse response;
    std::string last = token;
    bool found = false;
    bool first = true;
    while (!found && reader->Read(&response)) {
      last = response.resume_token();
      if (first && token.empty()) {
        EXPECT_THAT(source_->Execute("UPDATE author SET name = name || '!' WHERE id = 1"), IsOk());
      }
      first = false;
      for (const v1::Event& event : response.events())
        found |= event.sentence().find(word) != std::string::npos;
    }
    context.TryCancel();
    reader->Finish();
    EXPECT_TRUE(found) << word;
    return last;
  };
  const std::string token = read_until("", "public.writers");
  ASSERT_THAT(source_->Execute("UPDATE book SET price = 1 WHERE id = 5"), IsOk());
  ASSERT_TRUE(Agree());
  read_until(token, "public.works");
}

TEST_P(WayOfAChangeTest, EveryServiceAnswersHealthAndReflection) {
  for (const auto& [program, service] :
       std::map<std::string, std::string>{{"platform-registry", "cognate.v1.PlatformRegistryService"},
                                          {"change-capture", "cognate.v1.ChangeCaptureService"},
                                          {"transformer", "cognate.v1.TransformerService"},
                                          {"delivery", "cognate.v1.DeliveryService"},
                                          {"feedback", "cognate.v1.FeedbackService"}}) {
    const auto channel = cluster_.ChannelTo(program);
    const auto health = Do(*grpc::health::v1::Health::NewStub(channel),
                           &grpc::health::v1::Health::Stub::Check, absl::StrCat("service: '", service, "'"));
    ASSERT_THAT(health, IsOk());
    EXPECT_EQ(health->status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
    grpc::ClientContext context;
    const auto stub = grpc::reflection::v1::ServerReflection::NewStub(channel);
    const auto stream = stub->ServerReflectionInfo(&context);
    grpc::reflection::v1::ServerReflectionRequest request;
    request.set_list_services("");
    ASSERT_TRUE(stream->Write(request));
    grpc::reflection::v1::ServerReflectionResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_THAT(response.ShortDebugString(), HasSubstr(service));
    stream->WritesDone();
    stream->Finish();
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, WayOfAChangeTest, ::testing::Values(Shape::kOneProcess, Shape::kOneEach),
                         [](const auto& tested) {
                           return tested.param == Shape::kOneProcess ? "OneProcess" : "OneEach";
                         });

}  // namespace
}  // namespace cognate
