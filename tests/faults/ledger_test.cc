// A target is down while every record of its source changes twenty times: the ledger has a row for each
// record, not for each change, and when the target is back each record is written once, as it is then.
//
// COGNATE_LEDGER_RECORDS says how many records there are.

#include <algorithm>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::faults {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using test_support::ValueOrDie;
using RegistryStub = v1::PlatformRegistryService::Stub;

constexpr int kFewRecords = 5'000;
constexpr int kChangesOfEach = 20;
constexpr int kBatch = 1'000;

constexpr char kModels[] = R"pb(
  platform: "platforms/source"
  models {
    model: "item"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_TEXT }
    fields { name: "revision" type: FIELD_TYPE_INTEGER size_bits: 64 }
  }
)pb";

// A row of `writes` for each time that a row of `things` is written.
constexpr char kTarget[] = R"sql(
    CREATE TABLE things (thing_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL,
                         revision bigint NOT NULL);
    CREATE TABLE writes (code text NOT NULL);
    CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO writes VALUES (NEW.code);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_write AFTER INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION note_write();
)sql";

constexpr char kSync[] = R"pb(
  sync {
    name: "syncs/things"
    source_platform: "source"
    source_model: "item"
    target_platform: "target"
    target_model: "public.things"
    fields { source: "id" target: "code" }
    fields { source: "revision" target: "revision" }
  }
)pb";

// The ledger's rows of the target; of them those that are planned at this version or later, and those
// applied.
constexpr char kLedger[] = R"sql(
    SELECT count(*), count(*) FILTER (WHERE desired_version >= $1::bigint),
           count(*) FILTER (WHERE applied_version = desired_version)
    FROM platform_registry.replicas r
    JOIN platform_registry.models m USING (model_id)
    WHERE m.model = 'public.things'
)sql";

int Records() { return test_support::FromEnvironment("COGNATE_LEDGER_RECORDS", kFewRecords); }

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    target_ = ValueOrDie(test_support::PostgresServer::Start());
    target_uri_ = target_->CreateDatabase("target");
    ASSERT_OK(ValueOrDie(postgres::Connection::Open(target_uri_))->Execute(kTarget));
    const auto stub = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    const auto call = [&](auto method, const auto& request) {
      ASSERT_OK(grpc_support::Call(*stub, method, request, {.timeout = test_support::kPatience}));
    };
    call(&RegistryStub::CreatePlatform,
         test_support::ParseProto<v1::CreatePlatformRequest>(
             "platform { name: 'platforms/source' kind: PLATFORM_KIND_AGENT }"));
    call(&RegistryStub::PutModels, test_support::ParseProto<v1::PutModelsRequest>(kModels));
    call(&RegistryStub::CreatePlatform,
         test_support::ParseProto<v1::CreatePlatformRequest>(absl::StrCat(
             "platform { name: 'platforms/target' kind: PLATFORM_KIND_POSTGRES database { uri: '",
             target_uri_, "' } }")));
    call(&RegistryStub::AnalyzeModels,
         test_support::ParseProto<v1::AnalyzeModelsRequest>("platform: 'platforms/target'"));
    call(&RegistryStub::CreateSync, test_support::ParseProto<v1::CreateSyncRequest>(kSync));
    capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
    ledger_ = ValueOrDie(postgres::Connection::Open(cluster_.uri()));
  }

  // Changes each record once; the lowest version that was given.
  int64_t ChangeAll(int revision) {
    int64_t lowest = 0;
    for (int first = 0; first < records_; first += kBatch) {
      v1::CaptureRequest request;
      request.set_platform("source");
      for (int record = first; record < std::min(first + kBatch, records_); ++record)
        Add(record, revision, &request);
      const int64_t version = Capture(request);
      if (lowest == 0) lowest = version;
    }
    return lowest;
  }
  static void Add(int record, int revision, v1::CaptureRequest* request) {
    v1::Change& change = *request->add_changes();
    change.set_change_id(absl::StrCat(record, ".", revision));
    change.set_model("item");
    change.set_local_id(absl::StrCat("i", record));
    change.set_operation(revision == 1 ? v1::OPERATION_CREATE : v1::OPERATION_UPDATE);
    v1::Field& id = *change.add_fields();
    id.set_name("id");
    id.mutable_value()->set_text_value(change.local_id());
    v1::Field& field = *change.add_fields();
    field.set_name("revision");
    field.mutable_value()->set_int64_value(revision);
  }
  // The version of the first change.
  int64_t Capture(const v1::CaptureRequest& request) {
    absl::StatusOr<v1::CaptureResponse> response;
    const bool taken = Eventually([&] {
      response = grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture, request,
                                    {.timeout = test_support::kPatience, .idempotent = true});
      return response.ok();
    });
    EXPECT_TRUE(taken) << response.status();
    if (!taken) return 0;
    for (const v1::CaptureResult& result : response->results())
      EXPECT_GT(result.version(), 0) << result.error().reason();
    return response->results(0).version();
  }

  struct Rows {
    int64_t all = -1, planned = -1, applied = -1;
  };
  Rows RowsOfLedger(int64_t version) {
    const auto rows = ledger_->QueryText(kLedger, {absl::StrCat(version)});
    EXPECT_THAT(rows, IsOk());
    if (!rows.ok()) return {};
    const auto number = [&](int column) { return std::stoll(std::string(rows->GetText(0, column))); };
    return {number(0), number(1), number(2)};
  }
  int64_t AskTarget(const std::string& sql) {
    const auto connection = postgres::Connection::Open(target_uri_);
    if (!connection.ok()) return -1;
    const auto rows = (*connection)->QueryText(sql);
    return rows.ok() ? std::stoll(std::string(rows->GetText(0, 0))) : -1;
  }

  const int records_ = Records();
  const absl::Duration patience_ = absl::Minutes(1) + absl::Milliseconds(10) * records_;
  cluster::Cluster cluster_{cluster::Shape::kOneEach};
  std::unique_ptr<test_support::PostgresServer> target_;
  std::string target_uri_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::unique_ptr<postgres::Connection> ledger_;
};

TEST_F(LedgerTest, ATargetThatIsDownCostsARowForEachRecord) {
  target_->Stop(test_support::PostgresServer::Mode::kImmediate);
  const absl::Time start = absl::Now();
  int64_t last_round = 0;
  for (int revision = 1; revision <= kChangesOfEach; ++revision) {
    last_round = ChangeAll(revision);
    ASSERT_FALSE(HasFailure());
  }
  const absl::Time captured = absl::Now();
  EXPECT_TRUE(Eventually([&] { return RowsOfLedger(last_round).planned == records_; }, patience_));
  const Rows down = RowsOfLedger(last_round);
  const absl::Time planned = absl::Now();
  target_->StartAgain();
  EXPECT_TRUE(Eventually([&] { return RowsOfLedger(last_round).applied == records_; }, patience_));
  const absl::Time converged = absl::Now();

  const int64_t delivered = AskTarget("SELECT count(*) FROM writes");
  std::cout << "figure ledger.target_down rows=" << down.all << " delivered=" << delivered
            << " expected=" << records_ << " changes=" << int64_t{records_} * kChangesOfEach
            << " capture_s=" << absl::ToInt64Seconds(captured - start)
            << " plan_s=" << absl::ToInt64Seconds(planned - captured)
            << " deliver_s=" << absl::ToInt64Seconds(converged - planned) << "\n";
  EXPECT_EQ(down.all, records_);
  EXPECT_EQ(down.applied, 0);
  EXPECT_EQ(delivered, records_);
  EXPECT_EQ(AskTarget("SELECT count(DISTINCT code) FROM writes"), records_);
  EXPECT_EQ(AskTarget(absl::StrCat("SELECT count(*) FROM things WHERE revision = ", kChangesOfEach)),
            records_);
}

}  // namespace
}  // namespace cognate::faults
