// The ledger's statements on an empty table, on a fresh one of 100,000 rows that was never analysed, and on
// an analysed one: none of them may fall into a scan, whatever the planner believes. The server itself says
// what it ran (auto_explain).
#include <cstdio>
#include <numeric>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cognate/v1/due_service.grpc.pb.h"
#include "services/platform_registry/ledger/identity_store.h"
#include "services/platform_registry/ledger/ledger_fixture.h"
#include "services/platform_registry/ledger/plan_store.h"
#include "services/platform_registry/ledger/settle_store.h"
#include "tests/support/eventually.h"

namespace cognate::platform_registry {
namespace {

using test_support::PostgresServer;
using test_support::ValueOrDie;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kRows = 100'000;
constexpr int kRounds = 8;  // a cached plan is made after the fifth

PostgresServer& Server() {
  static const auto& server = *new std::unique_ptr<PostgresServer>(ValueOrDie(
      PostgresServer::Start({.settings = {"shared_preload_libraries=auto_explain",
                                          "auto_explain.log_min_duration=-1", "autovacuum=off"}})));
  return *server;
}

// The entity of row `number`, as Fill makes it.
std::string EntityOf(int number) {
  std::string id(16, '\0');
  for (int i = 0; i < 4; ++i) id[static_cast<size_t>(15 - i)] = static_cast<char>(number >> (8 * i));
  return id;
}

enum class Table { kEmpty, kFresh, kAnalyzed };

std::string NameOf(Table table) {
  return table == Table::kEmpty ? "empty" : table == Table::kFresh ? "fresh" : "analyzed";
}

// Every row a source record with its replica on `shop`, applied at version 1.
constexpr char kFill[] = R"sql(
    INSERT INTO platform_registry.replicas (entity_id, model_id, platform_id, local_id)
    SELECT lpad(to_hex(g), 32, '0')::uuid, m.model_id, m.platform_id, g::text
    FROM generate_series(1, 100000) g, platform_registry.models m JOIN platform_registry.platforms p USING (platform_id)
    WHERE p.name = 'atlas';
    INSERT INTO platform_registry.replicas (entity_id, model_id, platform_id, sync_id, local_id, desired_version,
                                            applied_version, planned_at)
    SELECT lpad(to_hex(g), 32, '0')::uuid, m.model_id, m.platform_id, s.sync_id, 'x' || g, 1, 1, now()
    FROM generate_series(1, 100000) g, platform_registry.models m JOIN platform_registry.platforms p USING (platform_id),
         platform_registry.syncs s
    WHERE p.name = 'shop' AND s.name = 'shop';
)sql";

class HotStatementsTest : public ::testing::TestWithParam<Table> {
 protected:
  HotStatementsTest() {
    const auto database = ValueOrDie(postgres::Connection::Open(uri_));
    Ledger(registry_).MakePlatforms();
    if (GetParam() == Table::kEmpty) return;
    EXPECT_OK(database->Execute(kFill));
    if (GetParam() == Table::kFresh) return;
    EXPECT_OK(database->Execute("VACUUM ANALYZE platform_registry.replicas"));
  }
  // `count` different rows, in no order.
  std::vector<int> Sample(int count) {
    std::set<int> numbers;
    while (static_cast<int>(numbers.size()) < count) numbers.insert(1 + static_cast<int>(random_() % kRows));
    std::vector<int> sample(numbers.begin(), numbers.end());
    std::shuffle(sample.begin(), sample.end(), random_);
    return sample;
  }

  std::mt19937 random_{1};
  const std::string uri_ = Server().CreateDatabase();
  Registry registry_{uri_, 1};
};

// Everything that the ledger does for one batch, through the front door.
void RunAll(Ledger& ledger, Registry& registry, const std::vector<int>& numbers, int64_t version) {
  std::vector<std::string> local_ids;
  std::vector<int64_t> versions;
  std::vector<Planned> upserts, deletes;
  std::vector<Settled> applied, parked, deleted, disputed;
  for (const int number : numbers) {
    const std::string entity = EntityOf(number);
    local_ids.push_back(std::to_string(number));
    versions.push_back(version);
    upserts.push_back({entity, version});
    deletes.push_back({entity, version + 2, true});
    parked.push_back({entity, version, v1::SETTLE_KIND_PARKED, "", ""});
    applied.push_back(
        {entity, version, v1::SETTLE_KIND_APPLIED, absl::StrCat("y", number), "0123456789abcdef"});
    deleted.push_back({entity, version + 2, v1::SETTLE_KIND_DELETED, "", ""});
  }
  ASSERT_OK(ledger.Resolve(local_ids, versions, true, "shop"));
  ASSERT_OK(ledger.Resolve(local_ids, {}, false));
  ASSERT_OK(ledger.Resolve({"unknown"}, {}, false, "shop"));
  ledger.TargetId(upserts[0].entity);
  ASSERT_OK(ledger.Plan(upserts));
  ASSERT_OK(ledger.Settle(parked));
  ASSERT_OK(ledger.Plan(upserts));
  v1::BatchGetReplicasRequest where;
  for (const Planned& one : upserts) where.add_entity_ids(one.entity);
  ASSERT_OK(registry.Call(&LedgerStub::BatchGetReplicas, where));
  ASSERT_OK(registry.Call(&LedgerStub::ListPending,
                          "platform: 'shop' planned_before { seconds: 4102444800 } page_size: 10"));
  v1::ListDuePlatformsRequest due;
  due.add_platforms("shop");
  due.mutable_planned_before()->set_seconds(4'102'444'800);
  const auto stub = v1::DueService::NewStub(grpc_support::MakeChannel(registry.cluster().address()));
  ASSERT_OK(grpc_support::Call(*stub, &v1::DueService::Stub::ListDuePlatforms, due).status());
  ASSERT_OK(ledger.Settle(applied));
  std::swap(applied[0].local_id, applied[1].local_id);
  for (Settled& one : applied) one.version = version + 1;
  ASSERT_OK(ledger.Settle(applied));  // two local ids in dispute
  ledger.Replica(local_ids[2]);
  ASSERT_EQ(ledger.Stands({upserts[0].entity, upserts[2].entity}), "there settled, there settled");
  ASSERT_OK(ledger.Plan(deletes, deletes));
  for (Planned& one : upserts) one.version = version + 3;
  ASSERT_OK(ledger.Plan(upserts));  // back before the deletes are settled
  for (Planned& one : deletes) one.version = version + 4;
  ASSERT_OK(ledger.Plan(deletes, deletes));
  for (Settled& one : deleted) one.version = version + 4;
  ASSERT_OK(ledger.Settle(deleted));
}

TEST_P(HotStatementsTest, NeverScan) {
  const auto database = ValueOrDie(postgres::Connection::Open(uri_));
  const size_t log_begin = Server().Log().size();
  const auto name = ValueOrDie(database->QueryText("SELECT current_database()"));
  ASSERT_OK(database->Execute(absl::StrCat("ALTER DATABASE ", database->QuoteIdentifier(name.GetText(0, 0)),
                                           " SET auto_explain.log_min_duration = 0")));
  {
    Registry registry(uri_, 1);
    Ledger ledger(registry);
    for (int round = 0; round < kRounds; ++round) {
      std::vector<int> numbers;
      for (int i = 0; i < 100; ++i) numbers.push_back(1 + round + i * 997);
      RunAll(ledger, registry, numbers, 10 * (round + 1));
    }
  }
  const std::string log = Server().Log().substr(log_begin);
  EXPECT_THAT(log, HasSubstr("Insert on replicas"));
  EXPECT_THAT(log, HasSubstr("Index Scan using replicas_by_local_id on replicas"));
  EXPECT_THAT(log, HasSubstr("Index Scan using plan_batches_by_time on plan_batches"));
  std::string scans;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    if (absl::StrContains(line, "Seq Scan on replicas") ||
        absl::StrContains(line, "Bitmap Heap Scan on replicas")) {
      absl::StrAppend(&scans, line, "\n");
    }
  }
  EXPECT_EQ(scans, "");
}

// Microseconds a row in each batch.
struct Figures {
  std::vector<double> resolve, create, plan, settle;
};

double Median(std::vector<double> figures) {
  std::nth_element(figures.begin(), figures.begin() + static_cast<long>(figures.size() / 2), figures.end());
  return figures[figures.size() / 2];
}

// One batch in the words of the stores.
struct Batch {
  Batch(const std::vector<int>& numbers, int64_t version) {
    fresh.set_create(true);
    for (const int number : numbers) {
      known.add_local_ids(std::to_string(number));
      known.add_versions(version);
      fresh.add_local_ids(absl::StrCat("new-", version, "-", number));
      planned.add_entity_ids(EntityOf(number));
      planned.add_versions(version);
      planned.add_deletes(false);
      settled.add_entity_ids(EntityOf(number));
      settled.add_versions(version);
      settled.add_kinds(v1::SETTLE_KIND_APPLIED);
      settled.add_local_ids(absl::StrCat("x", number));
      settled.add_fingerprints("0123456789abcdef");
    }
  }
  v1::ResolveGroup known, fresh;
  v1::PlanGroup planned;
  v1::SettleGroup settled;
};

// Times the stores without transport.
class StoreTimer {
 public:
  explicit StoreTimer(const std::string& uri) {
    Config config;
    config.postgres.uri = uri;
    pool_ = ValueOrDie(postgres::Pool::Create(PoolOptions(config)));
    ModelIds ids(*pool_, Clock::Real());
    source_ = ValueOrDie(ids.Find("atlas", "country"));
    target_ = ValueOrDie(ids.Find("shop", "country"));
    sync_ = ValueOrDie(ids.FindSync("syncs/shop"));
  }

  void Measure(const std::vector<int>& numbers, Figures* figures) {
    const Batch batch(numbers, ++version_);
    IdentityStore identities(*pool_, Clock::Real());
    ConfigurationCache configurations;
    RulesCache rules(*pool_, configurations);
    v1::ResolvedGroup found, made;
    v1::PlannedGroup decided;
    int64_t revision = 0;
    const auto size = static_cast<double>(numbers.size());
    Time(size, &figures->resolve,
         [&] { return identities.Resolve(source_, target_.model_id, batch.known, &found, &revision); });
    Time(size, &figures->create,
         [&] { return identities.Resolve(source_, std::nullopt, batch.fresh, &made, &revision); });
    Time(size, &figures->plan, [&] {
      const EntityOrder order = ValueOrDie(OrderEntities(batch.planned.entity_ids(), "entity_ids"));
      return PlanStore(*pool_).Plan(target_, sync_, order, batch.planned, &decided);
    });
    Time(size, &figures->settle, [&] {
      const EntityOrder order = ValueOrDie(OrderEntities(batch.settled.entity_ids(), "entity_ids"));
      return SettleStore(*pool_, rules).Settle(target_, order, batch.settled);
    });
  }

 private:
  template <typename Call>
  static void Time(double size, std::vector<double>* figures, Call call) {
    const absl::Time start = absl::Now();
    ASSERT_OK(call());
    figures->push_back(absl::ToDoubleMicroseconds(absl::Now() - start) / size);
  }

  std::unique_ptr<postgres::Pool> pool_;
  ModelId source_, target_;
  SyncId sync_;
  int64_t version_ = 1;
};

// Updates of replicas that touch no index (HOT) make Plan and Settle twice as fast; an index on what they
// change would end that silently.
TEST_P(HotStatementsTest, UpdatesOfKnownReplicasLeaveTheIndexesAlone) {
  if (GetParam() == Table::kEmpty) return;
  {
    StoreTimer timer(uri_);
    Figures figures;
    for (int i = 0; i < 20; ++i) timer.Measure(Sample(200), &figures);
    // As batches come: rows that lie beside each other, so that a whole page is updated at once.
    std::vector<int> beside(1000);
    std::iota(beside.begin(), beside.end(), 1);
    for (int i = 0; i < 20; ++i) timer.Measure(beside, &figures);
  }
  const auto database = ValueOrDie(postgres::Connection::Open(uri_));
  const auto hot_share = [&] {
    const auto rows = ValueOrDie(database->QueryText(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables WHERE relname = 'replicas'"));
    return std::stod(std::string(rows.GetText(0, 1))) /
           std::max(1.0, std::stod(std::string(rows.GetText(0, 0))));
  };
  EXPECT_TRUE(test_support::Eventually([&] { return hot_share() > 0.9; })) << hot_share();
}

TEST_P(HotStatementsTest, TakeMicrosecondsARow) {
  StoreTimer timer(uri_);
  for (const int size : {100, 1000}) {
    Figures figures;
    for (int i = 0; i < 20'000 / size; ++i) timer.Measure(Sample(size), &figures);
    std::printf(
        "figure ledger.hot_statements table=%s batch=%d resolve_us=%.1f create_us=%.1f plan_us=%.1f "
        "settle_us=%.1f\n",
        NameOf(GetParam()).c_str(), size, Median(figures.resolve), Median(figures.create),
        Median(figures.plan), Median(figures.settle));
    // A scan costs hundreds; a busy machine with sanitizers some tens.
    for (const auto* each : {&figures.resolve, &figures.create, &figures.plan, &figures.settle}) {
      EXPECT_LT(Median(*each), 150);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, HotStatementsTest,
                         ::testing::Values(Table::kEmpty, Table::kFresh, Table::kAnalyzed),
                         [](const auto& test) { return NameOf(test.param); });

}  // namespace
}  // namespace cognate::platform_registry
