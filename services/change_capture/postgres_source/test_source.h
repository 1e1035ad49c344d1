// A Postgres source for tests, with a real database to capture and a real change log: what the service has,
// without its ports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/value.pb.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"
#include "common/postgres/connection.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "common/value/sql_text.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/migrations.h"
#include "services/change_capture/postgres_source/postgres_source.h"
#include "services/change_capture/postgres_source/publication.h"
#include "services/change_capture/stream_feeder.h"
#include "services/clients/registry_client.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::change_capture {

using test_support::Eventually;
using test_support::PostgresServer;
using test_support::ValueOrDie;

// A change as it lies in the log, with its fields as PostgreSQL would read them.
struct LogEntry {
  int64_t version = 0;
  std::string local_id;
  v1::Operation operation = v1::OPERATION_UNSPECIFIED;
  std::map<std::string, std::string> fields;
  v1::Fields values;
};
using TableState = std::map<std::string, std::map<std::string, std::string>>;  // by local id

// The change log and its appender. Outlives the sources that write to it.
class LogUnderTest {
 public:
  explicit LogUnderTest(PostgresServer& server) : uri_(server.CreateDatabase()), registry_("unix:/nowhere") {
    EXPECT_OK(postgres::Migrate(uri_, "change_capture", Migrations()));
    postgres::Options options;
    options.uri = uri_;
    options.search_path = "change_capture";
    pool_ = ValueOrDie(postgres::Pool::Create(options));
    catalogue_ = std::make_unique<Catalogue>(registry_, Clock::Real());
    log_ = std::make_unique<ChangeLog>(*pool_);
    batches_ = std::make_unique<BatchStore>(*pool_);
    redis::Options redis;
    redis.address = "unix:/nowhere";
    feeder_ = std::make_unique<StreamFeeder>(redis, *batches_, *log_, Clock::Real(), metrics_,
                                             StreamFeederOptions());
    store_ = std::make_unique<SourceStore>(*pool_);
    StartAppender();
  }
  ~LogUnderTest() { StopAppender(); }

  void StartAppender(AppenderOptions options = {}) {
    appender_ = std::make_unique<Appender>(
        *pool_, *feeder_, [] { return int64_t{1}; }, Clock::Real(), metrics_, options);
    appender_->Start();
  }
  void StopAppender() {
    if (appender_ != nullptr) appender_->Stop();
    appender_.reset();
  }

  SourceEnvironment environment() {
    return {*pool_, *log_, *appender_, *catalogue_, Clock::Real(), metrics_};
  }
  SourceStore& store() { return *store_; }
  ChangeLog& log() { return *log_; }
  postgres::Pool& pool() { return *pool_; }
  metrics::Registry& metrics() { return metrics_; }
  const std::string& uri() const { return uri_; }

  // Every change of a model, in version order.
  std::vector<LogEntry> Entries(absl::string_view platform, absl::string_view model) {
    const LoggedModel* const found = ValueOrDie(log_->FindModel(platform, model));
    std::vector<LogEntry> entries;
    if (found == nullptr) return entries;
    auto connection = ValueOrDie(postgres::Connection::Open(uri_));
    const auto rows = ValueOrDie(connection->QueryOnce(
        "SELECT version, local_id, operation::int4, fields FROM change_capture.changes WHERE model_id = $1 "
        "ORDER BY version",
        postgres::Params().AddInt32(found->model_id)));
    for (int row = 0; row < rows.size(); ++row) {
      LogEntry& entry = entries.emplace_back();
      entry.version = rows.GetInt64(row, 0);
      entry.local_id = std::string(rows.GetText(row, 1));
      entry.operation = static_cast<v1::Operation>(rows.GetInt32(row, 2));
      const absl::string_view serialized = rows.GetBytes(row, 3);
      EXPECT_TRUE(entry.values.ParseFromArray(serialized.data(), static_cast<int>(serialized.size())));
      entry.fields = TextsOf(entry.values);
    }
    return entries;
  }

  TableState LiveState(absl::string_view platform, absl::string_view model) {
    TableState state;
    for (LogEntry& entry : Entries(platform, model)) {
      if (entry.operation == v1::OPERATION_DELETE) {
        state.erase(entry.local_id);
      } else {
        state[entry.local_id] = std::move(entry.fields);
      }
    }
    return state;
  }

  v1::Source Source(absl::string_view platform) {
    const auto sources = store_->List(platform);
    return sources.ok() && !sources->empty() ? sources->front() : v1::Source();
  }

  static std::map<std::string, std::string> TextsOf(const v1::Fields& fields) {
    std::map<std::string, std::string> texts;
    for (const v1::Field& field : fields.fields()) {
      std::string text;
      if (!value::AppendSqlText(field.value(), &text)) text = "NULL";
      if (field.value().has_omitted_value()) text = value::Describe(field.value());
      texts[field.name()] = text;
    }
    return texts;
  }

 private:
  std::string uri_;
  metrics::Registry metrics_;
  clients::RegistryClient registry_;
  std::unique_ptr<postgres::Pool> pool_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<ChangeLog> log_;
  std::unique_ptr<BatchStore> batches_;
  std::unique_ptr<StreamFeeder> feeder_;
  std::unique_ptr<SourceStore> store_;
  std::unique_ptr<Appender> appender_;
};

class SourceFixture : public ::testing::Test {
 protected:
  SourceFixture() {
    static int count = 0;
    platform_ = absl::StrCat("atlas-", ++count);
    options_.inspect_interval = absl::Milliseconds(300);
    options_.idle_interval = absl::Milliseconds(300);
    options_.status_interval = absl::Milliseconds(200);
    options_.busy_patience = absl::Seconds(1);
    options_.backoff = {absl::Milliseconds(20), 2.0, absl::Milliseconds(300)};
  }
  void SetUp() override {
    log_ = std::make_unique<LogUnderTest>(PostgresServer::Shared());
    source_uri_ = source_server().CreateDatabase();
    sql_ = ValueOrDie(postgres::Connection::Open(source_uri_));
  }
  void TearDown() override {
    StopSource();
    health_.reset();
    log_.reset();
    sql_.reset();
    // Slots belong to the whole server, which later tests share.
    auto sql = postgres::Connection::Open(source_uri_);
    if (sql.ok()) {
      EXPECT_TRUE(Eventually([&] { return DropSlot(**sql, slot()).ok(); }));
    }
  }

  virtual PostgresServer& source_server() { return PostgresServer::Shared(); }

  std::string slot() const { return SlotName(platform_); }
  void Sql(absl::string_view statement) { ASSERT_OK(sql_->Execute(statement)) << statement; }
  std::string Ask(absl::string_view query) {
    const auto rows = sql_->QueryText(query);
    EXPECT_OK(rows) << query;
    return rows.ok() && !rows->empty() ? std::string(rows->GetText(0, 0)) : "";
  }

  SourcePlan Plan(std::vector<std::string> models, absl::string_view uri = "") {
    SourcePlan plan;
    plan.database.set_uri(uri.empty() ? source_uri_ : std::string(uri));
    plan.models = std::move(models);
    return plan;
  }
  void StartSource(const SourcePlan& plan) {
    metrics::Registry& metrics = log_->metrics();
    if (health_ == nullptr) health_ = std::make_unique<metrics::EntityHealth>(metrics, "source", platform_);
    const PostgresSourceMetrics source_metrics{
        metrics.Gauges("source_lag_bytes", "", {"platform"}).With({platform_}),
        metrics.Gauges("source_lag_seconds", "", {"platform"}).With({platform_}),
        metrics.Gauges("source_heartbeat", "", {"platform"}).With({platform_}),
        metrics.Counters("source_changes_total", "", {"platform"}).With({platform_}),
        metrics.Counters("source_skipped", "", {"platform"}).With({platform_}),
        metrics.Gauges("source_clock_offset_seconds", "", {"platform"}).With({platform_}),
        metrics.Counters("source_out_of_bounds_total", "", {"platform"}).With({platform_}),
        metrics.Counters("source_read_anew_total", "", {"platform"}).With({platform_}),
        metrics.Gauges("source_read_anew_timestamp_seconds", "", {"platform"}).With({platform_}),
        *health_};
    source_ = std::make_unique<PostgresSource>(platform_, log_->environment(), log_->store(), source_metrics,
                                               options_, plan);
    source_->Start();
  }
  void StartSource(std::vector<std::string> models) { StartSource(Plan(std::move(models))); }
  void StopSource() { source_.reset(); }

  v1::Source State() { return log_->Source(platform_); }
  std::string Obstacle(absl::string_view model) {
    const v1::Source source = State();
    for (const v1::SourceModel& known : source.models()) {
      if (known.model() == model) return known.obstacle();
    }
    return "";
  }
  bool SnapshotComplete(absl::string_view model) {
    const v1::Source source = State();
    for (const v1::SourceModel& known : source.models()) {
      if (known.model() == model) return known.snapshot_complete();
    }
    return false;
  }
  bool AwaitStreaming() {
    return Eventually([&] { return State().state() == v1::SOURCE_STATE_STREAMING; });
  }
  bool AwaitFailing(absl::string_view words) {
    return Eventually([&] {
      const v1::Source source = State();
      return source.state() == v1::SOURCE_STATE_FAILING &&
             source.error().find(std::string(words)) != std::string::npos;
    });
  }

  TableState Logged(absl::string_view model) { return log_->LiveState(platform_, model); }
  std::vector<LogEntry> Entries(absl::string_view model) { return log_->Entries(platform_, model); }
  // "create 1", "update 1", … in version order.
  std::vector<std::string> Story(absl::string_view model) {
    std::vector<std::string> story;
    for (const LogEntry& entry : Entries(model)) {
      const char* const names[] = {"?", "create ", "update ", "delete "};
      story.push_back(names[entry.operation] + entry.local_id);
    }
    return story;
  }
  // The table itself, read as text by another way than the source reads it; `key` is its only key column.
  TableState Table(absl::string_view table, absl::string_view key) {
    const auto rows = ValueOrDie(sql_->QueryText(absl::StrCat("SELECT * FROM ", table)));
    TableState state;
    for (int row = 0; row < rows.size(); ++row) {
      std::map<std::string, std::string> fields;
      for (int column = 0; column < rows.columns(); ++column) {
        fields[std::string(rows.ColumnName(column))] =
            rows.IsNull(row, column) ? "NULL" : std::string(rows.GetText(row, column));
      }
      state[fields[std::string(key)]] = std::move(fields);
    }
    return state;
  }
  bool AwaitEqual(absl::string_view table, absl::string_view key) {
    return Eventually([&] { return Logged(absl::StrCat("public.", table)) == Table(table, key); });
  }

  std::string platform_;
  PostgresSourceOptions options_;
  std::string source_uri_;
  std::unique_ptr<LogUnderTest> log_;
  std::unique_ptr<postgres::Connection> sql_;
  std::unique_ptr<metrics::EntityHealth> health_;
  std::unique_ptr<PostgresSource> source_;
};

}  // namespace cognate::change_capture
