// How fast a source is. Prints figures; fails only where something is wrong by an order of magnitude.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "services/change_capture/postgres_source/replication_stream.h"
#include "services/change_capture/postgres_source/test_source.h"

namespace cognate::change_capture {
namespace {

constexpr char kTable[] =
    "CREATE TABLE wide (id bigint PRIMARY KEY, parent bigint, name text, code varchar(20), price "
    "numeric(12,2), count int,"
    "made timestamptz, day date, active bool, note text)";
constexpr char kRow[] =
    "i, i / 2, 'name of ' || i, 'C' || i, i / 7.0, i % 1000, now(), current_date, i % 2 = 0, repeat('n', "
    "380)";

class PostgresSourceSpeedTest : public SourceFixture {};

TEST_F(PostgresSourceSpeedTest, DecodesAndSerializes) {
  Sql(kTable);
  Sql(absl::StrCat("CREATE PUBLICATION ", slot(), " FOR TABLE wide"));
  postgres::Interrupt interrupt;
  auto replication = ValueOrDie(postgres::ReplicationConnection::Open(source_uri_, "SET timezone = 'UTC'"));
  ASSERT_OK(replication->CreateSlot(slot(), {true, false}, interrupt, [] { return false; }));
  constexpr int kRows = 20'000;
  Sql(absl::StrCat("INSERT INTO wide SELECT ", kRow, " FROM generate_series(1, ", kRows, ") i"));
  ASSERT_OK(replication->StartStream(slot(), slot(), 0));
  std::vector<std::string> messages;
  ASSERT_TRUE(Eventually([&] {
    postgres::StreamedMessage message;
    while (ValueOrDie(replication->Receive(&message))) {
      if (message.kind == postgres::StreamedMessage::Kind::kData) messages.emplace_back(message.data);
    }
    return !messages.empty() && messages.back().front() == 'C';
  }));
  replication.reset();

  pgoutput::TypeCatalog types([](uint32_t) { return std::nullopt; });
  const LoggedModel model{1, 1, platform_, "public.wide"};
  const std::vector<SourceTable> facts = ValueOrDie(InspectTables(*sql_, slot(), {"public.wide"}));
  StreamTable table{&model, "public", "wide", facts[0].oid, {"id"}, facts[0].columns, 0};
  const std::vector<StreamTable> tables = {table};
  std::vector<double> rates;
  for (int round = 0; round < 5; ++round) {
    ReplicationStream stream(tables, types, {});
    int64_t changes = 0;
    const absl::Time start = absl::Now();
    for (const std::string& message : messages) {
      ASSERT_OK(stream.Apply(message));
      if (stream.pending_count() >= 1000) changes += static_cast<int64_t>(stream.TakeAll().changes.size());
    }
    changes += static_cast<int64_t>(stream.TakeAll().changes.size());
    ASSERT_EQ(changes, kRows);
    rates.push_back(kRows / absl::ToDoubleSeconds(absl::Now() - start));
  }
  std::sort(rates.begin(), rates.end());
  std::printf("figure source.decode columns=10 row_bytes=500 rows_per_second=%.0f\n", rates[2]);
}

TEST_F(PostgresSourceSpeedTest, FromTheTableToTheLog) {
  Sql(kTable);
  constexpr int kRows = 30'000;
  Sql(absl::StrCat("INSERT INTO wide SELECT ", kRow, " FROM generate_series(1, ", kRows, ") i"));
  absl::Time start = absl::Now();
  StartSource({"public.wide"});
  ASSERT_TRUE(Eventually([&] { return SnapshotComplete("public.wide"); }));
  const double snapshot = kRows / absl::ToDoubleSeconds(absl::Now() - start);
  ASSERT_TRUE(AwaitStreaming());
  const auto count = [&] {
    auto connection = ValueOrDie(postgres::Connection::Open(log_->uri()));
    return ValueOrDie(connection->QueryText("SELECT max(version) FROM change_capture.changes"))
               .GetText(0, 0) == std::to_string(2 * kRows);
  };
  start = absl::Now();
  Sql(absl::StrCat("DO $$ BEGIN FOR k IN 0..", kRows / 100 - 1, " LOOP INSERT INTO wide SELECT ", kRow,
                   " FROM generate_series(", kRows, " + k * 100 + 1, ", kRows,
                   " + k * 100 + 100) i; COMMIT; END LOOP; END $$"));
  const absl::Time written = absl::Now();
  ASSERT_TRUE(Eventually(count));
  const absl::Time end = absl::Now();
  std::printf(
      "figure source.throughput snapshot_rows_per_second=%.0f stream_rows_per_second=%.0f "
      "behind_writer_ms=%.0f\n",
      snapshot, kRows / absl::ToDoubleSeconds(end - start), absl::ToDoubleMilliseconds(end - written));
}

TEST_F(PostgresSourceSpeedTest, SingleChangesReachTheLogAtOnce) {
  Sql("CREATE TABLE item (id int PRIMARY KEY, name text)");
  StartSource({"public.item"});
  ASSERT_TRUE(AwaitStreaming());
  auto listener = ValueOrDie(postgres::Connection::Open(log_->uri()));
  const postgres::Statement seen{"seen", "SELECT max(version) FROM change_capture.changes"};
  std::vector<double> milliseconds;
  for (int i = 1; i <= 300; ++i) {
    Sql(absl::StrCat("INSERT INTO item VALUES (", i, ", 'x')"));
    const absl::Time committed = absl::Now();
    while (ValueOrDie(listener->Query(seen)).GetInt64(0, 0) < i) {
      ASSERT_LT(absl::Now() - committed, absl::Seconds(5));
    }
    milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - committed));
    absl::SleepFor(absl::Milliseconds(2));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("figure source.latency changes=300 p50_ms=%.2f p99_ms=%.2f\n", milliseconds[150],
              milliseconds[297]);
}

}  // namespace
}  // namespace cognate::change_capture
