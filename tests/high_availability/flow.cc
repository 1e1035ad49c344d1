#include "tests/high_availability/flow.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"

namespace cognate::high_availability {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

constexpr absl::Duration kWindow = absl::Milliseconds(250);
constexpr absl::Duration kTurn = absl::Milliseconds(10);  // of the writer: its changes are one transaction
constexpr absl::Duration kEarlier = absl::Seconds(1);     // what was on its way when a disturbance came
constexpr char kSource[] =
    "CREATE TABLE items (no bigint PRIMARY KEY, revision bigint NOT NULL, sent_us bigint NOT NULL);"
    "INSERT INTO items SELECT -no, 0, 0 FROM generate_series(1, 1000) no";
// `no` is not unique here, so that a doubled record shows.
constexpr char kTarget[] = R"sql(
    CREATE TABLE things (thing_no bigint GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY,
                         no bigint NOT NULL, revision bigint NOT NULL, sent_us bigint NOT NULL);
    CREATE UNLOGGED TABLE arrivals (sent_us bigint NOT NULL, seen_us bigint NOT NULL, inserts bigint NOT NULL);
    CREATE FUNCTION note_arrivals() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO arrivals
        SELECT sent_us, extract(epoch FROM clock_timestamp()) * 1000000, count(*) FROM fresh GROUP BY sent_us;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_arrivals AFTER INSERT ON things REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION note_arrivals()
)sql";
constexpr char kSync[] = R"pb(
  sync {
    name: "syncs/things"
    source_platform: "source"
    source_model: "public.items"
    target_platform: "target"
    target_model: "public.things"
    fields { source: "no" target: "no" }
    fields { source: "revision" target: "revision" }
    fields { source: "sent_us" target: "sent_us" }
  }
)pb";
constexpr char kTakeArrivals[] = R"sql(
    WITH taken AS (DELETE FROM arrivals RETURNING sent_us, seen_us, inserts)
    SELECT sent_us::text, seen_us::text, inserts::text FROM taken
)sql";
constexpr char kReaders[] =
    "SELECT count(*)::text FROM pg_stat_replication WHERE state IN ('catchup', 'streaming')";

template <typename Request, typename Response>
absl::Status Do(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::string& text) {
  return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text),
                            {.timeout = test_support::kPatience, .idempotent = true})
      .status();
}

std::unique_ptr<test_support::PostgresServer> StartServer() {
  auto server = test_support::PostgresServer::Start();
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}

double Percentile(std::vector<double>& values, double share) {
  if (values.empty()) return std::nan("");
  const auto rank = static_cast<size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

int CountReaders(postgres::Connection& connection) {
  const auto rows = connection.QueryText(kReaders);
  return rows.ok() ? static_cast<int>(Number(rows->GetText(0, 0))) : -1;
}

std::optional<std::multimap<int64_t, int64_t>> Rows(const std::string& uri, const std::string& table) {
  const auto connection = postgres::Connection::Open(uri);
  if (!connection.ok()) return std::nullopt;
  const auto rows = (*connection)->QueryText(absl::StrCat("SELECT no::text, revision::text FROM ", table));
  if (!rows.ok()) return std::nullopt;
  std::multimap<int64_t, int64_t> found;
  for (int row = 0; row < rows->size(); ++row)
    found.emplace(Number(rows->GetText(row, 0)), Number(rows->GetText(row, 1)));
  return found;
}

}  // namespace

Flow::Flow() : source_(StartServer()), target_(StartServer()) {
  source_uri_ = source_->CreateDatabase("source");
  target_uri_ = target_->CreateDatabase("target");
  EXPECT_EQ((*postgres::Connection::Open(source_uri_))->Execute(kSource), absl::OkStatus());
  EXPECT_EQ((*postgres::Connection::Open(target_uri_))->Execute(kTarget), absl::OkStatus());
}

absl::Status Flow::SetUp(cluster::Cluster& cluster) {
  const auto stub = v1::PlatformRegistryService::NewStub(cluster.ChannelTo("platform-registry"));
  RETURN_IF_ERROR(Do(*stub, &Stub::CreatePlatform,
                     absl::StrCat("platform { name: 'platforms/source' kind: PLATFORM_KIND_POSTGRES "
                                  "capture_mode: CAPTURE_MODE_REPLICATION database { uri: '",
                                  source_uri_, "' } }")));
  RETURN_IF_ERROR(Do(*stub, &Stub::CreatePlatform,
                     absl::StrCat("platform { name: 'platforms/target' kind: PLATFORM_KIND_POSTGRES "
                                  "database { uri: '",
                                  target_uri_, "' } }")));
  RETURN_IF_ERROR(Do(*stub, &Stub::AnalyzeModels, "platform: 'platforms/source'"));
  RETURN_IF_ERROR(Do(*stub, &Stub::AnalyzeModels, "platform: 'platforms/target'"));
  return Do(*stub, &Stub::CreateSync, kSync);
}

void Flow::Start(int changes_per_second) {
  start_ = absl::Now();
  writing_ = watching_ = true;
  writer_ = std::thread([this, changes_per_second] { Write(changes_per_second); });
  collector_ = std::thread([this] { Collect(); });
  watcher_ = std::thread([this] { Watch(); });
}

void Flow::Stop() {
  writing_ = false;
  if (writer_.joinable()) writer_.join();
  if (watching_) test_support::Eventually([&] { return AllArrived(); });
  watching_ = false;
  if (collector_.joinable()) collector_.join();
  if (watcher_.joinable()) watcher_.join();
}

size_t Flow::WindowOf(absl::Time sent) const {
  return static_cast<size_t>(std::max<int64_t>(0, (sent - start_) / kWindow));
}

// A turn that comes late makes up for what was left out, so that the rate is kept.
void Flow::Write(int changes_per_second) {
  auto opened = postgres::Connection::Open(source_uri_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  std::mt19937_64 random(1);
  int64_t last = 0;
  int64_t deleted = 0;
  while (writing_) {
    const absl::Time now = absl::Now();
    const auto due =
        static_cast<int64_t>(absl::ToDoubleSeconds(now - start_) * changes_per_second) - changes_;
    if (due < 1) {
      absl::SleepFor(kTurn);  // the pace
      continue;
    }
    const int64_t updates = std::min<int64_t>(due / 8, last / 4);
    // One that has been there from the beginning: a new record that is deleted soon may never arrive.
    const int64_t deletes = deleted < 1000 && random() % 8 == 0 ? 1 : 0;
    const int64_t inserts = std::max<int64_t>(1, due - updates - deletes);
    std::string sql = absl::StrCat("BEGIN; INSERT INTO items SELECT no, 0, ", absl::ToUnixMicros(now),
                                   " FROM generate_series(", last + 1, ", ", last + inserts, ") no;");
    const int64_t first = last == 0 ? 1 : 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(last));
    if (updates > 0) {
      absl::StrAppend(&sql, "UPDATE items SET revision = revision + 1 WHERE no BETWEEN ", first, " AND ",
                      first + updates - 1, ";");
    }
    if (deletes > 0) absl::StrAppend(&sql, "DELETE FROM items WHERE no = ", -++deleted, ";");
    {
      MutexLock lock(&mutex_);
      if (windows_.size() <= WindowOf(now)) windows_.resize(WindowOf(now) + 1);
      windows_[WindowOf(now)].sent += inserts;
    }
    const absl::Status written = (*opened)->Execute(absl::StrCat(sql, "COMMIT"));
    EXPECT_TRUE(written.ok()) << written;
    last += inserts;
    changes_ += inserts + updates + deletes;
  }
  ran_ = absl::Now() - start_;
}

void Flow::Collect() {
  auto opened = postgres::Connection::Open(target_uri_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (bool last = false; !last; absl::SleepFor(absl::Milliseconds(50))) {
    last = !watching_;
    const auto rows = (*opened)->QueryText(kTakeArrivals);
    ASSERT_TRUE(rows.ok()) << rows.status();
    MutexLock lock(&mutex_);
    for (int row = 0; row < rows->size(); ++row) {
      const absl::Time sent = absl::FromUnixMicros(Number(rows->GetText(row, 0)));
      if (sent < start_) continue;  // of the first thousand
      const absl::Time seen = absl::FromUnixMicros(Number(rows->GetText(row, 1)));
      const int64_t inserts = Number(rows->GetText(row, 2));
      if (windows_.size() <= WindowOf(sent)) windows_.resize(WindowOf(sent) + 1);
      Window& window = windows_[WindowOf(sent)];
      window.arrived += inserts;
      window.last_arrival = std::max(window.last_arrival, seen);
      window.milliseconds.insert(window.milliseconds.end(), static_cast<size_t>(inserts),
                                 absl::ToDoubleMilliseconds(seen - sent));
    }
  }
}

void Flow::Watch() {
  auto opened = postgres::Connection::Open(source_uri_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (; watching_; absl::SleepFor(absl::Milliseconds(5)))
    most_readers_ = std::max<int>(most_readers_, CountReaders(**opened));
}

int Flow::Readers() {
  const auto opened = postgres::Connection::Open(source_uri_);
  return opened.ok() ? CountReaders(**opened) : -1;
}

bool Flow::AllArrived() {
  MutexLock lock(&mutex_);
  return std::all_of(windows_.begin(), windows_.end(),
                     [](const Window& window) { return window.arrived >= window.sent; });
}

double Flow::Percentile99(absl::Time since) {
  std::vector<double> values;
  MutexLock lock(&mutex_);
  for (size_t i = WindowOf(std::max(since, start_)); i < windows_.size(); ++i)
    values.insert(values.end(), windows_[i].milliseconds.begin(), windows_[i].milliseconds.end());
  return Percentile(values, 0.99);
}

std::optional<absl::Time> Flow::Recovered(absl::Time disturbed, absl::Duration limit) {
  MutexLock lock(&mutex_);
  absl::Time last_arrival = absl::InfinitePast();
  for (size_t i = WindowOf(disturbed - kEarlier); i < windows_.size(); ++i) {
    Window& window = windows_[i];
    const absl::Time begin = start_ + static_cast<int64_t>(i) * kWindow;
    const absl::Time end = begin + kWindow;
    if (end >= absl::Now() || window.arrived < window.sent) return std::nullopt;
    last_arrival = std::max(last_arrival, window.last_arrival);
    if (begin < disturbed || window.sent == 0) continue;
    if (Percentile(window.milliseconds, 0.99) < absl::ToDoubleMilliseconds(limit))
      return std::max(end, last_arrival);
  }
  return std::nullopt;
}

int64_t Flow::Differing(int64_t* missing) {
  const auto wanted = Rows(source_uri_, "items");
  const auto found = Rows(target_uri_, "things");
  if (!wanted || !found) return -1;
  int64_t differing = 0;
  *missing = 0;
  for (const auto& [no, revision] : *wanted) {
    const auto [first, last] = found->equal_range(no);
    if (first == last) ++*missing;
    if (std::distance(first, last) != 1 || first->second != revision) ++differing;
  }
  for (const auto& [no, revision] : *found)
    if (!wanted->contains(no)) ++differing;
  return differing;
}

}  // namespace cognate::high_availability
