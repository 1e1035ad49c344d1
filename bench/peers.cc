#include "bench/peers.h"

#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "bench/workload.h"
#include "common/process/process.h"

namespace cognate::bench {
namespace {

void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

std::unique_ptr<postgres::Connection> Connect(const std::string& uri) {
  auto connection = postgres::Connection::Open(uri);
  OrDie(connection.status());
  return *std::move(connection);
}

int64_t CountRows(postgres::Connection& connection) {
  const auto rows = connection.QueryText("SELECT count(*) FROM row_data");
  OrDie(rows.status());
  return std::stoll(std::string(rows->GetText(0, 0)));
}

bool HasRow(postgres::Connection& connection, int64_t id) {
  const auto rows = connection.QueryText(absl::StrCat("SELECT 1 FROM row_data WHERE id = ", id));
  OrDie(rows.status());
  return rows->size() == 1;
}

double InsertAndWait(postgres::Connection& source, postgres::Connection& target, int64_t first,
                     int64_t count) {
  const absl::Time started = absl::Now();
  for (int64_t id = first; id < first + count; id += kBatch) OrDie(source.Execute(InsertSql(id, kBatch, 1)));
  SecondsUntil("the last row", started, absl::Milliseconds(2),
               [&] { return HasRow(target, first + count - 1); });
  SecondsUntil("all rows", started, absl::Milliseconds(20),
               [&] { return CountRows(target) == first + count; });
  return static_cast<double>(count) / absl::ToDoubleSeconds(absl::Now() - started);
}

}  // namespace

LogicalReplication::LogicalReplication() : server_(DurableServer()) {
  const std::string source_uri = server_->CreateDatabase("logical_source");
  source_ = Connect(source_uri);
  target_ = Connect(server_->CreateDatabase("logical_target"));
  for (postgres::Connection* connection : {source_.get(), target_.get()}) {
    OrDie(connection->Execute(kSourceSchema));
    OrDie(connection->Execute(InsertParentsSql()));
  }
  OrDie(source_->Execute("CREATE PUBLICATION logical FOR TABLE row_data"));
  // Within one server the slot must be there before the subscription.
  OrDie(source_->Execute("SELECT pg_create_logical_replication_slot('logical_bench', 'pgoutput')"));
  OrDie(target_->Execute(absl::StrCat(
      "CREATE SUBSCRIPTION logical CONNECTION ", target_->QuoteLiteral(source_uri),
      " PUBLICATION logical WITH (create_slot = false, slot_name = 'logical_bench', copy_data = false)")));
  Creates(kBatch);  // The apply worker is up once a row has come through.
}

double LogicalReplication::Creates(int64_t count) {
  const double rate = InsertAndWait(*source_, *target_, inserted_, count);
  inserted_ += count;
  return rate;
}

std::optional<double> BucardoCreates(int64_t count) {
  if (!process::FindInPath("bucardo").ok()) {
    Say("bucardo is not installed: `scripts/setup bench` installs it; its figure is left out");
    return std::nullopt;
  }
  const std::unique_ptr<test_support::PostgresServer> server = DurableServer();
  const std::string source_uri = server->CreateDatabase("bucardo_source");
  const std::string target_uri = server->CreateDatabase("bucardo_target");
  const auto source = Connect(source_uri);
  const auto target = Connect(target_uri);
  for (postgres::Connection* connection : {source.get(), target.get()}) {
    OrDie(connection->Execute(kSourceSchema));
    OrDie(connection->Execute(InsertParentsSql()));
  }
  const auto socket = source->QueryText("SHOW unix_socket_directories");
  OrDie(socket.status());
  const auto bucardo = [&](const std::string& verb) {
    process::Command command{.argv = {"bench/bucardo", verb, std::string(socket->GetText(0, 0))},
                             .log_file = "build/bucardo.log"};
    return process::RunToEnd(command, absl::Minutes(1));
  };
  if (const absl::Status started = bucardo("start"); !started.ok()) {
    Say(absl::StrCat("bucardo does not start, its figure is left out: ", started.message()));
    return std::nullopt;
  }
  const double rate = InsertAndWait(*source, *target, 0, count);
  OrDie(bucardo("stop"));
  return rate;
}

}  // namespace cognate::bench
