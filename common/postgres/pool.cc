#include "common/postgres/pool.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/log/log.h"
#include "common/postgres/sqlstate.h"
#include "common/retry/backoff.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::postgres {
namespace {

constexpr int kTransactionTries = 5;
constexpr char kReadOnly[] = "25006";
constexpr BackoffPolicy kCollisionBackoff = {absl::Milliseconds(5), 2.0, absl::Milliseconds(100)};

bool Collided(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == "40001" || sqlstate == "40P01";
}

// A statement of ours that the server does not understand is a defect, and the server's words about it are
// for nobody but our log: the status that travels does not say them.
absl::Status LogDefect(absl::string_view name, absl::Status status) {
  const std::string sqlstate = SqlState(status);
  const bool defect = absl::StartsWith(sqlstate, "42") || absl::StartsWith(sqlstate, "3F") ||
                      (status.code() == absl::StatusCode::kInternal && !sqlstate.empty());
  if (defect) {
    log::Error("database error",
               {{"transaction", name}, {"sqlstate", sqlstate}, {"detail", ServerMessage(status)}});
  }
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pool>> Pool::Create(const Options& options) {
  std::unique_ptr<Pool> pool(new Pool(options));
  RETURN_IF_ERROR(pool->With([](Connection&) { return absl::OkStatus(); }));
  return pool;
}

absl::Status Pool::InTransaction(absl::string_view name, TransactionFunction function) {
  return LogDefect(name,
                   With([&](Connection& connection) { return connection.InTransaction(name, function); }));
}

absl::Status Pool::InTransactionWithRetry(absl::string_view name, TransactionFunction function) {
  Backoff backoff(kCollisionBackoff);
  while (true) {
    absl::Status status = InTransaction(name, function);
    if (!Collided(status) || backoff.attempts() + 1 >= kTransactionTries) return status;
    absl::SleepFor(backoff.Next());
  }
}

absl::Status Pool::Run(absl::string_view name, TransactionFunction function) {
  return LogDefect(name, With([&](Connection& connection) { return connection.Run(name, function); }));
}

absl::Status Pool::With(absl::FunctionRef<absl::Status(Connection&)> call) {
  ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Acquire());
  absl::Status status = call(*connection);
  if (SqlState(status) != kReadOnly) {
    Release(std::move(connection));
    return status;
  }
  // A server that was made a standby, or a pooler's way to one, answers, and will not write again: neither
  // this connection nor those that lie idle are used again.
  std::vector<std::unique_ptr<Connection>> forgotten;  // closed without the lock
  forgotten.push_back(std::move(connection));
  MutexLock lock(&mutex_);
  for (std::unique_ptr<Connection>& idle : idle_) forgotten.push_back(std::move(idle));
  idle_.clear();
  stats_.open -= static_cast<int>(forgotten.size());
  stats_.broken_total += static_cast<int64_t>(forgotten.size());
  released_.SignalAll();
  return status;
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::Acquire() {
  {
    const absl::Time deadline = absl::Now() + options_.acquire_timeout;
    MutexLock lock(&mutex_);
    bool waited = false;
    while (true) {
      if (std::unique_ptr<Connection> idle = TakeIdle()) return idle;
      if (stats_.open < options_.max_connections) break;
      if (!std::exchange(waited, true)) ++stats_.waited_total;
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) {
        return Error(absl::StatusCode::kResourceExhausted, "DATABASE_POOL_EXHAUSTED",
                     "no database connection became free in time")
            .RetryAfter(absl::Seconds(1));
      }
      released_.WaitFor(&mutex_, left);
    }
    ++stats_.open;  // the place is ours before the connection is there
  }
  absl::StatusOr<std::unique_ptr<Connection>> opened = Connection::Open(options_);
  MutexLock lock(&mutex_);
  if (opened.ok()) {
    ++stats_.opened_total;
  } else {
    --stats_.open;
    released_.Signal();
  }
  return opened;
}

// The one used last, so that the others may rest. What broke while it lay idle is thrown away unseen.
std::unique_ptr<Connection> Pool::TakeIdle() {
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->Alive()) return connection;
    --stats_.open;
    ++stats_.broken_total;
  }
  return nullptr;
}

void Pool::Release(std::unique_ptr<Connection> connection) {
  const bool alive = connection->Alive();
  MutexLock lock(&mutex_);
  if (alive) {
    idle_.push_back(std::move(connection));
  } else {
    --stats_.open;
    ++stats_.broken_total;
  }
  released_.Signal();
}

PoolStats Pool::Stats() const {
  MutexLock lock(&mutex_);
  PoolStats stats = stats_;
  stats.idle = static_cast<int>(idle_.size());
  return stats;
}

}  // namespace cognate::postgres
