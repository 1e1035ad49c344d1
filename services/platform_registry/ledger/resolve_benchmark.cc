// How long Resolve takes among ten million identities: the real service, keys that nobody asked for before.
// Not among the tests: filling takes minutes. COGNATE_IDENTITIES says how many, other than ten million.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::ValueOrDie;

// Source records in the order in which they came, each with its replica on `shop`. Keys first, indexes after:
// as a table is that was filled long ago.
constexpr char kFill[] = R"sql(
    SET statement_timeout = 0;
    SET maintenance_work_mem = '1GB';
    SET search_path = platform_registry;
    ALTER TABLE replicas DROP CONSTRAINT replicas_pkey;
    DROP INDEX replicas_by_local_id;
    INSERT INTO replicas (entity_id, model_id, platform_id, sync_id, local_id, desired_version, applied_version,
                          planned_at, fingerprint)
    SELECT lpad(to_hex(g), 32, '0')::uuid, m.model_id, m.platform_id, s.sync_id,
           CASE WHEN s.sync_id IS NULL THEN '' ELSE 'x' END || g, v.version, v.version, v.planned_at, v.fingerprint
    FROM generate_series(1, $IDENTITIES) g
    CROSS JOIN (SELECT 'atlas' AS platform, NULL AS sync, 0 AS version, NULL::timestamptz AS planned_at,
                       NULL::bytea AS fingerprint
                UNION ALL
                SELECT 'shop', 'shop', 1, now(), decode('30313233343536373839616263646566', 'hex')) v
    JOIN platforms p ON p.name = v.platform
    JOIN models m USING (platform_id)
    LEFT JOIN syncs s ON s.name = v.sync;
    ALTER TABLE replicas ADD CONSTRAINT replicas_pkey PRIMARY KEY (entity_id, model_id);
    CREATE UNIQUE INDEX replicas_by_local_id ON replicas (model_id, local_id, deleted_version)
        WHERE local_id IS NOT NULL;
    VACUUM ANALYZE replicas;
    CREATE EXTENSION pg_prewarm;
    SELECT pg_prewarm('replicas_by_local_id'), pg_prewarm('replicas_pkey');
)sql";

std::string DefinitionsOfKeys(postgres::Connection& database) {
  const auto rows = ValueOrDie(database.QueryText(
      "SELECT string_agg(indexdef, E'\n' ORDER BY indexdef) FROM pg_indexes WHERE tablename = 'replicas'"));
  return std::string(rows.GetText(0, 0));
}

struct Figures {
  double median_ms, p99_ms;
};

// A thousand keys each time, none twice while there are enough.
Figures Measure(Ledger& ledger, int64_t identities, const std::string& target, unsigned turn) {
  constexpr int kCalls = 300;
  constexpr int kKeys = 1000;
  std::mt19937_64 random(2 * turn + (target.empty() ? 0 : 1));
  std::uniform_int_distribution<int64_t> any(1, identities);
  std::vector<double> times;
  for (int call = 0; call < kCalls; ++call) {
    std::vector<std::string> ids;
    for (int i = 0; i < kKeys; ++i) ids.push_back(std::to_string(any(random)));
    const std::vector<int64_t> versions(kKeys, 2);
    const absl::Time start = absl::Now();
    const v1::ResolvedGroup found = ValueOrDie(ledger.Resolve(ids, versions, false, target));
    times.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    for (const std::string& entity : found.entity_ids()) EXPECT_EQ(entity.size(), 16U);
    for (int i = 0; i < found.target_local_ids_size(); ++i)
      EXPECT_EQ(found.target_local_ids(i), "x" + ids[static_cast<size_t>(i)]);
  }
  std::sort(times.begin(), times.end());
  return {times[kCalls / 2], times[kCalls * 99 / 100]};
}

TEST(ResolveBenchmark, AThousandKeysOfTenMillionIdentities) {
  int64_t identities = 10'000'000;
  const char* const given = std::getenv("COGNATE_IDENTITIES");
  const bool is_number = given == nullptr || absl::SimpleAtoi(given, &identities);
  ASSERT_TRUE(is_number) << "COGNATE_IDENTITIES: got " << given << ", want a number";
  // The indexes are in memory, as on a server that has run for a while; the rows are where they are.
  const auto server = ValueOrDie(test_support::PostgresServer::Start({.settings = {"shared_buffers=6GB"}}));
  const std::string uri = server->CreateDatabase();
  Registry registry(uri);
  Ledger ledger(registry);
  ledger.MakePlatforms();
  const auto database = ValueOrDie(postgres::Connection::Open(uri));
  const std::string keys = DefinitionsOfKeys(*database);
  const absl::Time start = absl::Now();
  const std::string fill = absl::StrReplaceAll(kFill, {{"$IDENTITIES", std::to_string(identities)}});
  for (const absl::string_view statement : absl::StrSplit(fill, ';', absl::SkipWhitespace()))
    ASSERT_OK(database->Execute(std::string(statement)));
  ASSERT_EQ(DefinitionsOfKeys(*database), keys) << "the schema has changed: kFill makes other keys";
  std::printf("progress filled in %.0f s\n", absl::ToDoubleSeconds(absl::Now() - start));
  std::fflush(stdout);
  // Of five turns the one that the rest of the machine disturbed least.
  constexpr Figures kNone = {1e9, 1e9};
  Figures alone = kNone, with_target = kNone;
  for (unsigned turn = 0; turn < 5; ++turn) {
    const auto better = [](const Figures& a, const Figures& b) { return a.median_ms < b.median_ms; };
    alone = std::min(alone, Measure(ledger, identities, "", turn), better);
    with_target = std::min(with_target, Measure(ledger, identities, "shop", turn), better);
    std::printf("progress median_ms=%.2f with_target_median_ms=%.2f\n", alone.median_ms,
                with_target.median_ms);
    std::fflush(stdout);
  }
  std::printf(
      "figure resolve.ten_million identities=%lld keys=1000 median_ms=%.2f p99_ms=%.2f "
      "with_target_median_ms=%.2f "
      "with_target_p99_ms=%.2f\n",
      static_cast<long long>(identities), alone.median_ms, alone.p99_ms, with_target.median_ms,
      with_target.p99_ms);
}

}  // namespace
}  // namespace cognate::platform_registry
