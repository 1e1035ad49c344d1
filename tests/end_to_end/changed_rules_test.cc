// What becomes of records when syncs are paused, resumed, changed or deleted while they change, through the
// front doors.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate {
namespace {

using cluster::Shape;
using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOk;
using test_support::ParseProto;
using test_support::PostgresServer;

using RegistryStub = v1::PlatformRegistryService::Stub;
using CaptureStub = v1::ChangeCaptureService::Stub;
using LedgerStub = v1::LedgerService::Stub;

// Whatever is in `marker` comes after what was changed before it: its sync is always active.
constexpr char kSource[] = R"sql(
    CREATE TABLE book (id serial PRIMARY KEY, title text NOT NULL, price numeric(8, 2), shelf text);
    CREATE TABLE marker (id serial PRIMARY KEY, word text NOT NULL);
    INSERT INTO book (title, price, shelf) SELECT 'book ' || i, i, 'shelf ' || i FROM generate_series(1, 50) i;
)sql";

constexpr char kTarget[] = R"sql(
    CREATE TABLE works (work_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 5000) PRIMARY KEY,
                        title text NOT NULL DEFAULT '', price numeric(8, 2), place text);
    CREATE TABLE marks (mark_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text NOT NULL);
)sql";

class ChangedRulesTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    ASSERT_THAT(target_server_, IsOk());
    const std::string source_uri = cluster_.postgres().CreateDatabase("library");
    target_uri_ = (*target_server_)->CreateDatabase("shop");
    source_ = *postgres::Connection::Open(source_uri);
    target_ = *postgres::Connection::Open(target_uri_);
    ASSERT_THAT(source_->Execute(kSource), IsOk());
    ASSERT_THAT(target_->Execute(kTarget), IsOk());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    ledger_ = v1::LedgerService::NewStub(cluster_.ChannelTo("platform-registry"));
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    delivery_ = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    AddPlatform("library", source_uri, "capture_mode: CAPTURE_MODE_REPLICATION");
    AddPlatform("shop", target_uri_, "");
    AddSync("markers", "public.marker", "public.marks", "fields { source: 'word' target: 'word' }");
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const std::string& text) {
    return grpc_support::Call(stub, method, ParseProto<Request>(text), {.timeout = test_support::kPatience});
  }

  void AddPlatform(const std::string& id, const std::string& uri, const std::string& more) {
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                   absl::StrCat("platform { name: 'platforms/", id,
                                "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uri, "' } ", more, " }")),
                IsOk());
    ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")),
                IsOk());
  }
  void AddSync(const std::string& id, const std::string& from, const std::string& to,
               const std::string& fields) {
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                   absl::StrCat("sync { name: 'syncs/", id, "' source_platform: 'library' source_model: '",
                                from, "' target_platform: 'shop' target_model: '", to, "' ", fields, " }")),
                IsOk());
  }
  absl::StatusOr<v1::UpdateSyncResponse> UpdateSync(const std::string& sync, const std::string& mask) {
    return Do(*registry_, &RegistryStub::UpdateSync,
              absl::StrCat("sync { ", sync, " } update_mask { paths: '", mask, "' }"));
  }
  void SetStatus(const std::string& id, const std::string& status) {
    ASSERT_THAT(UpdateSync(absl::StrCat("name: 'syncs/", id, "' status: SYNC_STATUS_", status), "status"),
                IsOk());
  }
  // The run when it is done.
  v1::Run Backfill(const std::string& id) {
    const auto created = Do(*capture_, &CaptureStub::CreateRun,
                            absl::StrCat("run { kind: RUN_KIND_BACKFILL sync: 'syncs/", id, "' }"));
    EXPECT_THAT(created, IsOk());
    if (!created.ok()) return {};
    v1::Run run;
    EXPECT_TRUE(Eventually([&] {
      const auto got =
          Do(*capture_, &CaptureStub::GetRun, absl::StrCat("name: '", created->run().name(), "'"));
      if (got.ok()) run = got->run();
      return run.state() == v1::RUN_STATE_DONE;
    })) << run.DebugString();
    return run;
  }

  std::string Ask(postgres::Connection& connection, const std::string& sql) {
    const auto rows = connection.QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    return rows->size() == 1 ? std::string(rows->GetText(0, 0)) : absl::StrCat(rows->size(), " rows");
  }
  bool Agree(const std::string& source_fields, const std::string& target_fields) {
    const auto all = [](const std::string& fields, const std::string& table) {
      return absl::StrCat("SELECT string_agg(concat_ws('|', ", fields, "), E'\\n' ORDER BY concat_ws('|', ",
                          fields, ")) FROM ", table);
    };
    return Eventually([&] {
      return Ask(*source_, all(source_fields, "book")) == Ask(*target_, all(target_fields, "works"));
    });
  }
  // Everything that was changed before this call was planned, or passed by.
  void AwaitPlanned(const std::string& word) {
    ASSERT_THAT(source_->Execute(absl::StrCat("INSERT INTO marker (word) VALUES ('", word, "')")), IsOk());
    ASSERT_TRUE(Eventually([&] {
      return Ask(*target_, absl::StrCat("SELECT count(*) FROM marks WHERE word = '", word, "'")) == "1";
    }));
  }
  // Of the record's replica on the target.
  v1::Replica ReplicaOf(int book) {
    const auto response =
        Do(*ledger_, &LedgerStub::GetReplicas,
           absl::StrCat("record { platform: 'library' model: 'public.book' local_id: '", book, "' }"));
    if (!response.ok()) return {};
    for (const v1::Replica& replica : response->replicas()) {
      if (replica.record().platform() == "shop") return replica;
    }
    return {};
  }
  bool LaneIsClosed() {
    const auto lanes = Do(*delivery_, &v1::DeliveryService::Stub::ListLanes, "platform: 'shop'");
    return lanes.ok() && lanes->lanes_size() == 1 && lanes->lanes(0).state() == v1::LANE_STATE_CLOSED;
  }

  absl::StatusOr<std::unique_ptr<PostgresServer>> target_server_ = PostgresServer::Start();
  cluster::Cluster cluster_{GetParam()};
  std::string target_uri_;
  std::unique_ptr<postgres::Connection> source_;
  std::unique_ptr<postgres::Connection> target_;
  std::unique_ptr<RegistryStub> registry_;
  std::unique_ptr<LedgerStub> ledger_;
  std::unique_ptr<CaptureStub> capture_;
  std::unique_ptr<v1::DeliveryService::Stub> delivery_;
};

TEST_P(ChangedRulesTest, ABackfillAfterAPauseBringsWhatWasMissedDeletesToo) {
  AddSync("books", "public.book", "public.works",
          "fields { source: 'title' target: 'title' } fields { source: 'price' target: 'price' }");
  ASSERT_TRUE(Agree("title, price", "title, price"));
  ASSERT_THAT(source_->Execute("DELETE FROM book WHERE id = 50"), IsOk());
  ASSERT_TRUE(Agree("title, price", "title, price"));

  SetStatus("books", "PAUSED");
  ASSERT_THAT(
      source_->Execute("DELETE FROM book WHERE id <= 3; UPDATE book SET title = 'new title' WHERE id = 4;"
                       "INSERT INTO book (id, title, price) VALUES (1001, 'new', 1), (1002, 'gone', 2);"
                       "DELETE FROM book WHERE id IN (5, 1002);"
                       "INSERT INTO book (id, title, price) VALUES (5, 'five again', 5)"),
      IsOk());
  AwaitPlanned("paused");
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM works WHERE title IN ('book 1', 'book 2', 'book 3')"), "3");
  SetStatus("books", "ACTIVE");
  AwaitPlanned("resumed");
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM works WHERE title = 'new title'"), "0");

  const v1::Run run = Backfill("books");
  EXPECT_TRUE(Agree("title, price", "title, price"));
  EXPECT_EQ(run.replayed_count(), 52) << "47 records, and 5 deletes";
  EXPECT_EQ(run.record_count(), 52);
  EXPECT_TRUE(Eventually([&] {
    const v1::Replica replica = ReplicaOf(1);
    return replica.deleted() && replica.state() == v1::REPLICA_STATE_CONVERGED;
  })) << ReplicaOf(1).DebugString();

  // Once more changes nothing: deletes that were settled long ago are no news.
  const std::string before =
      Ask(*target_, "SELECT string_agg(work_no::text, ' ' ORDER BY work_no) FROM works");
  EXPECT_EQ(Backfill("books").replayed_count(), 52);
  AwaitPlanned("backfilled");
  EXPECT_EQ(Ask(*target_, "SELECT string_agg(work_no::text, ' ' ORDER BY work_no) FROM works"), before);
  EXPECT_TRUE(Agree("title, price", "title, price"));
}

TEST_P(ChangedRulesTest, AColumnThatIsGoneStopsItsSyncAloneUntilItIsBack) {
  AddSync("books", "public.book", "public.works",
          "fields { source: 'title' target: 'title' } fields { source: 'shelf' target: 'place' }");
  ASSERT_TRUE(Agree("title, shelf", "title, place"));
  ASSERT_THAT(target_->Execute("ALTER TABLE works DROP COLUMN place"), IsOk());
  const auto broken = Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/shop'");
  ASSERT_THAT(broken, IsOk());
  ASSERT_EQ(broken->drifts_size(), 1);
  EXPECT_THAT(broken->drifts(0).broken(), ::testing::HasSubstr("sync.fields[1].target: got \"place\""));

  ASSERT_THAT(
      source_->Execute("DELETE FROM book WHERE id <= 3; UPDATE book SET title = 'new title' WHERE id = 4;"
                       "INSERT INTO book (title, shelf) VALUES ('new book', 'new shelf')"),
      IsOk());
  AwaitPlanned("the other sync goes on");
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM works WHERE title LIKE 'new%'"), "0");
  EXPECT_EQ(ReplicaOf(4).desired_version(), ReplicaOf(4).applied_version()) << "nothing was planned";

  ASSERT_THAT(target_->Execute("ALTER TABLE works ADD COLUMN place text"), IsOk());
  const auto mended = Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/shop'");
  ASSERT_THAT(mended, IsOk());
  ASSERT_EQ(mended->drifts_size(), 1);
  EXPECT_EQ(mended->drifts(0).broken(), "");
  ASSERT_THAT(source_->Execute("UPDATE book SET shelf = shelf || '!'"), IsOk());
  Backfill("books");
  EXPECT_TRUE(Agree("title, shelf", "title, place"));
}

TEST_P(ChangedRulesTest, AChangedMappingIsDeliveredAgain) {
  AddSync("books", "public.book", "public.works", "fields { source: 'title' target: 'title' }");
  ASSERT_TRUE(Agree("title", "title"));
  const auto updated = UpdateSync(
      "name: 'syncs/books' fields { source: 'title' target: 'title' } fields { source: 'shelf' target: "
      "'place' }",
      "fields");
  ASSERT_THAT(updated, IsOk());
  EXPECT_TRUE(Agree("title, shelf", "title, place"));
  ASSERT_THAT(source_->Execute("UPDATE book SET price = 0 WHERE id <= 10; DELETE FROM book WHERE id = 11;"
                               "INSERT INTO book (id, title, shelf) VALUES (1001, 'new', 'new shelf')"),
              IsOk());
  EXPECT_TRUE(Agree("title, shelf", "title, place"));
  EXPECT_THAT(UpdateSync("name: 'syncs/books' etag: 'of long ago' all_fields: true", "all_fields"),
              HasReason("ETAG_MISMATCH"));

  // A field that is not mapped any more is left as it is.
  const auto narrowed =
      UpdateSync("name: 'syncs/books' fields { source: 'shelf' target: 'place' }", "fields");
  ASSERT_THAT(narrowed, IsOk());
  EXPECT_GT(narrowed->sync().revision(), updated->sync().revision());
  ASSERT_THAT(source_->Execute("UPDATE book SET title = 'not brought', shelf = 'second' WHERE id = 1"),
              IsOk());
  EXPECT_TRUE(Eventually(
      [&] { return Ask(*target_, "SELECT title FROM works WHERE place = 'second'") == "book 1"; }));
}

TEST_P(ChangedRulesTest, OnlyWhatComesOutOtherwiseIsWrittenAgain) {
  AddSync("books", "public.book", "public.works", "fields { source: 'title' target: 'title' }");
  ASSERT_TRUE(Agree("title", "title"));
  const std::string rows =
      "SELECT string_agg(concat_ws(':', work_no, title, xmin), ' ' ORDER BY work_no) FROM works WHERE ";
  const std::string others = Ask(*target_, rows + "title NOT IN ('book 7', 'book 8')");
  ASSERT_THAT(
      UpdateSync("name: 'syncs/books' filter: 'title != \"book 7\"' transforms { when: 'title = \"book "
                 "8\"' change_case { field: 'title' letter_case: LETTER_CASE_UPPER } }",
                 "filter' paths: 'transforms"),
      IsOk());
  EXPECT_TRUE(Eventually([&] {
    return Ask(*target_, rows + "title ILIKE 'book 7' OR title ILIKE 'book 8'").find("BOOK 8") !=
           std::string::npos;
  }));
  EXPECT_TRUE(
      Eventually([&] { return Ask(*target_, "SELECT count(*) FROM works WHERE title = 'book 7'") == "0"; }));
  AwaitPlanned("again");
  EXPECT_EQ(Ask(*target_, rows + "title <> 'BOOK 8'"), others);
}

// The ledger's row names one of the two syncs; what the other one brings must not hang on that.
TEST_P(ChangedRulesTest, OneOfTwoSyncsOnOneTargetGoesOnWithoutTheOther) {
  AddSync("titles", "public.book", "public.works", "fields { source: 'title' target: 'title' }");
  AddSync("prices", "public.book", "public.works", "fields { source: 'price' target: 'price' }");
  ASSERT_TRUE(Agree("title, price", "title, price"));
  EXPECT_EQ(Ask(*target_, "SELECT count(*) FROM works"), "50");

  for (const std::string left_out : {"titles", "prices"}) {
    const std::string word = absl::StrCat("without ", left_out);
    target_.reset();
    (*target_server_)->Stop();
    ASSERT_THAT(source_->Execute(absl::StrCat("UPDATE book SET title = '", word,
                                              "', price = price + 0.25 WHERE id <= 40; DELETE FROM book "
                                              "WHERE id = (SELECT max(id) FROM book)")),
                IsOk());
    ASSERT_TRUE(
        Eventually([&] { return LaneIsClosed() && ReplicaOf(1).state() == v1::REPLICA_STATE_PENDING; }));
    if (left_out == "titles") {
      SetStatus(left_out, "PAUSED");
    } else {
      SetStatus("titles", "ACTIVE");
      ASSERT_THAT(Do(*registry_, &RegistryStub::DeleteSync, "name: 'syncs/prices'"), IsOk());
    }
    (*target_server_)->StartAgain();
    target_ = *postgres::Connection::Open(target_uri_);
    const std::string title =
        left_out == "titles" ? "CASE WHEN id <= 40 THEN 'book ' || id ELSE title END" : "title";
    const std::string price =
        left_out == "titles" ? "price" : "CASE WHEN id <= 40 THEN price - 0.25 ELSE price END";
    EXPECT_TRUE(Agree(absl::StrCat(title, ", ", price), "title, price")) << word;
    EXPECT_TRUE(Eventually([&] { return ReplicaOf(1).state() == v1::REPLICA_STATE_CONVERGED; })) << word;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ChangedRulesTest, ::testing::Values(Shape::kOneProcess, Shape::kOneEach),
                         [](const auto& tested) {
                           return tested.param == Shape::kOneProcess ? "OneProcess" : "OneEach";
                         });

}  // namespace
}  // namespace cognate
