// What a record costs on its way into a table, the target's own work included; and that no statement can fall
// into a scan.
#include <algorithm>
#include <chrono>

#include "services/delivery/sql_channel/sql_channel_fixture.h"
#include "tests/support/explain.h"

namespace cognate::delivery {
namespace {

using value::Int;
using value::Text;

constexpr int kBatch = 500;
constexpr int kBatches = 20;
constexpr int kSingles = 1'000;

class SqlChannelSpeedTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    test_support::PostgresOptions options;
    options.durable = true;
    server_ = test_support::ValueOrDie(test_support::PostgresServer::Start(options));
    uri_ = server_->CreateDatabase();
    target_ = test_support::ValueOrDie(postgres::Connection::Open(uri_));
    channel_ = MakeChannel();
    Execute(
        "CREATE TABLE parents (id serial PRIMARY KEY); INSERT INTO parents SELECT FROM generate_series(1, "
        "100)");
    Execute(
        "CREATE TABLE rows (id serial PRIMARY KEY, parent_id int REFERENCES parents, a text, b text, c text, "
        "d bigint, "
        "e numeric(12,2), f timestamptz, g boolean, h date)");
    ASSERT_OK(channel_->Open());
  }

  static bus::v1::DeliveryGroup Batch(int number, int64_t version) {
    auto group = Group("public.rows", {"parent_id", "a", "b", "c", "d", "e", "f", "g", "h"});
    for (int i = 0; i < kBatch; ++i) {
      const int entity = number * kBatch + i;
      v1::Value reference;
      reference.mutable_reference_value()->set_entity_id(Entity(i % 100));
      reference.mutable_reference_value()->set_local_id(absl::StrCat(1 + i % 100));
      Add(group, entity, version + i,
          {reference, Text(std::string(140, 'a')), Text(std::string(140, 'b')), Text(std::string(140, 'c')),
           Int(version), value::Decimal(absl::StrCat(entity, ".25")),
           value::TimestampMicros(1'700'000'000'000'000 + entity), value::Bool(true),
           value::Date("2026-02-28")});
    }
    return group;
  }

  // Median microseconds for a record.
  double Measure(int64_t version) {
    std::vector<double> micros;
    for (int number = 0; number < kBatches; ++number) {
      const auto group = Batch(number, version + number * kBatch);
      const auto start = std::chrono::steady_clock::now();
      const auto outcomes = Apply(group);
      micros.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
          kBatch);
      EXPECT_EQ(outcomes.back().status(), v1::OUTCOME_STATUS_APPLIED) << outcomes.back().ShortDebugString();
    }
    std::nth_element(micros.begin(), micros.begin() + kBatches / 2, micros.end());
    return micros[kBatches / 2];
  }

  std::unique_ptr<test_support::PostgresServer> server_;
};

TEST_F(SqlChannelSpeedTest, ARecordCostsFewMicroseconds) {
  const double creates = Measure(1);
  const double updates = Measure(1'000'000);
  const double repeated = Measure(1'000'000);
  std::printf("figure delivery.sql_channel create_us=%.1f update_us=%.1f repeated_us=%.1f\n", creates,
              updates, repeated);
  EXPECT_EQ(Ask("SELECT count(*) FROM rows"), absl::StrCat(kBatch * kBatches));
}

// What counts here is how often the two ends wait for each other.
TEST_F(SqlChannelSpeedTest, ASingleRecordCostsItsTransaction) {
  auto group = Batch(0, 1);
  group.mutable_deliveries()->DeleteSubrange(1, kBatch - 1);
  std::vector<double> micros;
  for (int64_t version = 1; version <= kSingles; ++version) {
    group.mutable_deliveries(0)->set_version(version);
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(ApplyOne(group).status(), v1::OUTCOME_STATUS_APPLIED);
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(micros.begin(), micros.end());
  std::printf("figure delivery.sql_channel_single p50_us=%.0f p99_us=%.0f\n", micros[kSingles / 2],
              micros[kSingles * 99 / 100]);
}

TEST_F(SqlChannelSpeedTest, AnAdoptedRecordCostsOneLookUpMore) {
  Execute(
      absl::StrCat("CREATE TABLE pages (id serial PRIMARY KEY, slug text UNIQUE, title text); "
                   "INSERT INTO pages (slug, title) SELECT 'p' || i, 'own' FROM generate_series(0, ",
                   kBatch * kBatches, ") i"));
  const auto measure = [&](int first, const char* prefix) {
    std::vector<double> micros;
    for (int number = 0; number < kBatches; ++number) {
      auto group = Group("public.pages", {"slug", "title"});
      group.add_natural_keys()->add_places(0);
      group.add_on_collision(v1::COLLISION_ACTION_SUFFIX);
      group.add_on_collision(v1::COLLISION_ACTION_ERROR);
      for (int i = 0; i < kBatch; ++i) {
        const int entity = first + number * kBatch + i;
        Add(group, entity, 1, {Text(absl::StrCat(prefix, entity)), Text("new")});
      }
      const auto start = std::chrono::steady_clock::now();
      Apply(group);
      micros.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
          kBatch);
    }
    std::nth_element(micros.begin(), micros.begin() + kBatches / 2, micros.end());
    return micros[kBatches / 2];
  };
  const double adopted = measure(0, "p");
  const double created = measure(kBatch * kBatches, "new");
  std::printf("figure delivery.first_contact adopt_us=%.1f create_us=%.1f\n", adopted, created);
  EXPECT_EQ(Ask("SELECT count(*) FROM pages WHERE title = 'new'"), absl::StrCat(2 * kBatch * kBatches));
  EXPECT_EQ(Ask("SELECT count(*) FROM pages"), absl::StrCat(2 * kBatch * kBatches + 1));
  EXPECT_LT(adopted, 200) << "a look-up scans";
}

TEST_F(SqlChannelSpeedTest, UpdatesAndDeletesGoByTheIndexOfATableThatWasNeverAnalysed) {
  ASSERT_OK(
      target_->Execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"));
  const SqlTable table = test_support::ValueOrDie(ReadTable(*target_, "public.rows"));
  SqlShape shape{&table, {*table.Find("a"), *table.Find("parent_id")}, {*table.Find("id")}};
  const std::vector<std::string> keys = {"1", "2"};
  postgres::Params by_key;
  by_key.AddTextArray(postgres::Params::Many<std::string>(keys));
  postgres::Params update = by_key;
  update.AddTextArray(postgres::Params::Many<std::string>(keys));
  update.AddInt64Array(postgres::Params::Many<int64_t>({1, 1}));
  for (const char* const rows : {"0", "20000"}) {
    Execute(absl::StrCat("INSERT INTO rows (a) SELECT 'x' FROM generate_series(1, ", rows, ")"));
    const auto plan = [&](const std::string& name, const std::string& sql, const postgres::Params& params) {
      return test_support::ValueOrDie(
          test_support::Explain(*target_, {absl::StrCat(name, rows), sql}, params));
    };
    for (const std::string& text :
         {plan("u", UpdateSql(shape, {Wire::kText, Wire::kInt64}), update),
          plan("d", DeleteSql(shape), by_key), plan("e", ExistsSql(shape), by_key)}) {
      EXPECT_EQ(text.find("Seq Scan"), std::string::npos) << text;
      EXPECT_NE(text.find("rows_pkey"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace cognate::delivery
