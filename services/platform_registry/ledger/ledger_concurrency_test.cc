#include <algorithm>
#include <atomic>
#include <barrier>
#include <map>
#include <random>
#include <thread>

#include "common/sync/mutex.h"
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using ::testing::IsEmpty;

constexpr int kThreads = 8;

void InThreads(const std::function<void(int)>& run) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(run, i);
  for (std::thread& thread : threads) thread.join();
}

class LedgerConcurrencyTest : public LedgerTest {
 protected:
  // Whatever makes a target's row older fails the statement that does it.
  void WatchForBackwards() {
    ASSERT_OK(test_support::ValueOrDie(postgres::Connection::Open(uri_))->Execute(R"sql(
        CREATE FUNCTION platform_registry.forbid_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.desired_version < OLD.desired_version OR NEW.applied_version < OLD.applied_version THEN
                RAISE EXCEPTION 'backwards: % to %', OLD, NEW;
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER forbid_backwards BEFORE UPDATE ON platform_registry.replicas
        FOR EACH ROW WHEN (OLD.sync_id IS NOT NULL) EXECUTE FUNCTION platform_registry.forbid_backwards())sql"));
  }
};

TEST_F(LedgerConcurrencyTest, ManyThreadsThatMakeTheSameIdentitiesAgree) {
  Mutex mutex;
  std::map<std::string, std::string> entities;
  std::atomic<int> disagreements{0};
  InThreads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string> ids;
      for (int i = 0; i < 200; ++i) ids.push_back(std::to_string(random() % 1000));
      const auto resolved = ledger_.Resolve(ids, {}, true);
      ASSERT_OK(resolved);
      MutexLock lock(&mutex);
      for (size_t i = 0; i < ids.size(); ++i) {
        const std::string& entity = resolved->entity_ids(static_cast<int>(i));
        if (entities.emplace(ids[i], entity).first->second != entity || entity.size() != 16) ++disagreements;
      }
    }
  });
  EXPECT_EQ(disagreements, 0);
  EXPECT_GT(entities.size(), 900U);
}

TEST_F(LedgerConcurrencyTest, PlanAndSettleOfTheSameEntitiesNeverGoBackwardsNorFail) {
  WatchForBackwards();
  std::vector<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(std::to_string(i));
  const auto resolved = test_support::ValueOrDie(ledger_.Resolve(ids, {}, true));
  InThreads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < 50; ++round) {
      std::vector<Planned> planned;
      std::vector<Settled> settled;
      for (int i = 0; i < 100; ++i) {
        if (random() % 2 == 0) continue;
        const int64_t version = 1 + static_cast<int64_t>(random() % 1000);
        planned.push_back({resolved.entity_ids(i), version});
        const auto kind =
            static_cast<v1::SettleKind>(random() % 2 == 0 ? v1::SETTLE_KIND_APPLIED : v1::SETTLE_KIND_PARKED);
        settled.push_back({resolved.entity_ids(i), version, kind, "x" + std::to_string(i), "f"});
      }
      std::shuffle(planned.begin(), planned.end(), random);
      std::shuffle(settled.begin(), settled.end(), random);
      ASSERT_OK(ledger_.Plan(planned));
      ASSERT_OK(ledger_.Settle(settled));
    }
  });
}

// Each round has entities that no replica is known of yet: all make the same rows at the same moment.
TEST_F(LedgerConcurrencyTest, OfWhatManyMakeAtOnceTheNewestCounts) {
  constexpr int kRounds = 30;
  constexpr int kEach = 20;
  static_assert(kThreads == 8);
  std::vector<std::string> ids;
  for (int i = 0; i < kRounds * kEach; ++i) ids.push_back(std::to_string(i));
  const auto resolved = test_support::ValueOrDie(ledger_.Resolve(ids, {}, true));
  std::barrier together(kThreads);
  InThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Planned> planned;
      std::vector<Settled> settled;
      for (int i = round * kEach; i < (round + 1) * kEach; ++i) {
        planned.push_back({resolved.entity_ids(i), thread + 1});
        settled.push_back(
            {resolved.entity_ids(i), thread + 1, v1::SETTLE_KIND_APPLIED, "x" + std::to_string(i), "f"});
      }
      together.arrive_and_wait();
      // Some are settled before anybody planned them.
      if ((thread + round) % 2 == 0) {
        EXPECT_OK(ledger_.Plan(planned));
      }
      EXPECT_OK(ledger_.Settle(settled));
    }
  });
  const auto rows =
      test_support::ValueOrDie(test_support::ValueOrDie(postgres::Connection::Open(uri_))->QueryText(R"sql(
          SELECT count(*)
          FROM platform_registry.replicas r JOIN platform_registry.platforms p USING (platform_id)
          WHERE p.name = 'shop' AND r.applied_version = 8 AND r.local_id LIKE 'x%'
      )sql"));
  EXPECT_EQ(rows.GetText(0, 0), std::to_string(ids.size()));
}

// A lane has one owner, or two while one takes over.
TEST_F(LedgerConcurrencyTest, TwoOwnersThatClaimTheSameLocalIdsDoNotFail) {
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(std::to_string(i));
  const auto resolved = test_support::ValueOrDie(ledger_.Resolve(ids, {}, true));
  const auto settle = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int64_t round = 1; round <= 10; ++round) {
      std::vector<Planned> planned;
      std::vector<Settled> settled;
      for (int i = 0; i < 20; ++i) {
        const int64_t version = round * 1000 + static_cast<int64_t>(random() % 1000);
        const std::string local_id = "x" + std::to_string((static_cast<unsigned>(i) + random() % 3) % 15);
        planned.push_back({resolved.entity_ids(i), version});
        settled.push_back({resolved.entity_ids(i), version, v1::SETTLE_KIND_APPLIED, local_id, "f"});
      }
      ASSERT_OK(ledger_.Plan(planned));
      ASSERT_OK(ledger_.Settle(settled));
    }
  };
  std::thread other([&] { settle(1); });
  settle(2);
  other.join();
}

// A target that keeps an inbox, as the SQL channel does.
class Target {
 public:
  struct Row {
    int64_t version = 0;
    bool alive = false;
    std::string local_id;
    std::string source_local_id;
  };

  Settled Deliver(const Planned& planned, const std::string& source_local_id) {
    MutexLock lock(&mutex_);
    Row& row = rows_[planned.entity];
    if (planned.version > row.version) {
      if (!planned.is_delete && !row.alive) row.local_id = "x" + std::to_string(++last_id_);
      row.version = planned.version;
      row.alive = !planned.is_delete;
      row.source_local_id = source_local_id;
    }
    if (!row.alive) return {planned.entity, row.version, v1::SETTLE_KIND_DELETED, "", ""};
    return {planned.entity, row.version, v1::SETTLE_KIND_APPLIED, row.local_id, "f"};
  }
  // Versions of the living rows of each source record.
  std::multimap<std::string, int64_t> Living() const {
    MutexLock lock(&mutex_);
    std::multimap<std::string, int64_t> living;
    for (const auto& [entity, row] : rows_) {
      if (row.alive) living.emplace(row.source_local_id, row.version);
    }
    return living;
  }

 private:
  mutable Mutex mutex_;
  int last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Row> rows_ ABSL_GUARDED_BY(mutex_);
};

struct LoggedChange {
  std::string local_id;
  int64_t version = 0;
  bool is_delete = false;
};

// The way of changes from the log to two targets in small, around the real ledger.
class Pipeline {
 public:
  explicit Pipeline(Ledger& ledger) : ledger_(ledger) {}

  void Process(const std::vector<LoggedChange>& changes) {
    while (!TryProcess(changes)) {
    }
  }
  Target& target(const std::string& name) { return name == "shop" ? shop_ : mart_; }

 private:
  // False if an entity ended meanwhile.
  bool TryProcess(const std::vector<LoggedChange>& changes) {
    std::vector<std::string> ids;
    std::vector<int64_t> versions;
    for (const LoggedChange& change : changes) {
      ids.push_back(change.local_id);
      versions.push_back(change.version);
    }
    const auto resolved = test_support::ValueOrDie(ledger_.Resolve(ids, versions, true));
    std::map<std::string, const LoggedChange*> newest;
    for (size_t i = 0; i < changes.size(); ++i) {
      const LoggedChange*& one = newest[resolved.entity_ids(static_cast<int>(i))];
      if (one == nullptr || one->version < changes[i].version) one = &changes[i];
    }
    std::vector<Planned> planned, gone;
    for (const auto& [entity, change] : newest) {
      planned.push_back({entity, change->version, change->is_delete});
      if (change->is_delete) gone.push_back(planned.back());
    }
    const auto shop = ledger_.Plan(planned, {}, "shop");
    const auto mart = shop.ok() ? ledger_.Plan(planned, gone, "mart") : shop;
    if (ErrorReason(mart.status()) == "ENTITY_ENDED") return false;
    EXPECT_OK(mart.status());
    Deliver("shop", *shop, planned, newest);
    Deliver("mart", *mart, planned, newest);
    return true;
  }
  void Deliver(const std::string& name, const v1::PlanResponse& decided, const std::vector<Planned>& planned,
               const std::map<std::string, const LoggedChange*>& changes) {
    std::vector<Settled> settled;
    for (size_t i = 0; i < planned.size(); ++i) {
      if (decided.groups(0).decisions(static_cast<int>(i)) != v1::PLAN_DECISION_DUE) continue;
      settled.push_back(target(name).Deliver(planned[i], changes.at(planned[i].entity)->local_id));
    }
    EXPECT_OK(ledger_.Settle(settled, name));
  }

  Ledger& ledger_;
  Target shop_;
  Target mart_;
};

// Ids that are created, changed, deleted and used again, told at least once and in any order by many threads:
// in the end each target has the last state of every record, once.
TEST_F(LedgerConcurrencyTest, IdsThatAreUsedAgainConvergeInAnyOrder) {
  WatchForBackwards();
  std::mt19937 random(7);
  Pipeline pipeline(ledger_);
  std::map<std::string, LoggedChange> latest;
  int64_t version = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<LoggedChange> changes;
    for (int i = 0; i < 800; ++i) {
      const std::string id = std::to_string(random() % 60);
      const bool lives = latest.contains(id) && !latest[id].is_delete;
      latest[id] = {id, ++version, lives && random() % 3 == 0};
      changes.push_back(latest[id]);
      if (random() % 5 == 0) changes.push_back(latest[id]);
    }
    // From in order to any order.
    const size_t window = 1 + static_cast<size_t>(round) * changes.size() / 11;
    for (size_t i = 0; i < changes.size(); i += window) {
      std::shuffle(changes.begin() + static_cast<long>(i),
                   changes.begin() + static_cast<long>(std::min(changes.size(), i + window)), random);
    }
    std::atomic<size_t> next{0};
    InThreads([&](int) {
      for (size_t begin = next.fetch_add(25); begin < changes.size(); begin = next.fetch_add(25)) {
        pipeline.Process({changes.begin() + static_cast<long>(begin),
                          changes.begin() + static_cast<long>(std::min(changes.size(), begin + 25))});
      }
    });
    std::multimap<std::string, int64_t> wanted;
    for (const auto& [id, change] : latest) {
      if (!change.is_delete) wanted.emplace(id, change.version);
    }
    EXPECT_EQ(pipeline.target("shop").Living(), wanted) << "round " << round;
    EXPECT_EQ(pipeline.target("mart").Living(), wanted) << "round " << round;
    const auto pending =
        Call(&LedgerStub::ListPending, "platform: 'shop' planned_before { seconds: 4102444800 }");
    ASSERT_OK(pending);
    EXPECT_THAT(pending->replicas(), IsEmpty()) << "round " << round;
  }
}

}  // namespace
}  // namespace cognate::platform_registry
