// An agent as a site would run it: fetches deliveries, applies each in a transaction of its own database
// together with what it keeps of the entity, and reports. It may be killed at any moment.
//
//   agent_program ADDRESS PLATFORM POSTGRES-URI
//
// Its database has, for each model, a table with `id`, the delivered fields and nothing else, and the table
// `inbox (entity_id, model, local_id, version)`.
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"

namespace cognate {
namespace {

using Stub = v1::DeliveryService::Stub;

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) absl::StrAppend(&quoted, c == '\'' ? "''" : std::string(1, c));
  return quoted + "'";
}

std::string SqlOf(const v1::Value& value) {
  if (value.has_null_value()) return "NULL";
  if (value.has_int64_value()) return absl::StrCat(value.int64_value());
  return Quoted(value.text_value());
}

std::string First(const absl::StatusOr<postgres::Rows>& rows) {
  if (!rows.ok()) {
    std::cerr << rows.status() << "\n";
    std::abort();
  }
  return rows->empty() || rows->IsNull(0, 0) ? "" : std::string(rows->GetText(0, 0));
}

void Run(postgres::Connection& database, const std::string& sql) {
  const absl::Status status = database.Execute(sql);
  if (status.ok()) return;
  std::cerr << status << "\n" << sql << "\n";
  std::abort();
}

// In one transaction, so that what is written and what is known of it never differ.
v1::DeliveryResult Apply(postgres::Connection& database, const v1::Delivery& delivery) {
  v1::DeliveryResult result;
  result.set_entity_id(delivery.entity_id());
  result.set_model(delivery.model());
  result.set_version(delivery.version());
  result.set_operation(delivery.operation());
  result.set_status(v1::OUTCOME_STATUS_APPLIED);
  const std::string of_entity = absl::StrCat(" WHERE entity_id = ", Quoted(delivery.entity_id()),
                                             " AND model = ", Quoted(delivery.model()));
  Run(database, "BEGIN");
  std::string local_id = First(database.QueryText("SELECT local_id FROM inbox" + of_entity));
  const std::string version = First(database.QueryText("SELECT version::text FROM inbox" + of_entity));
  if (!version.empty() && std::stoll(version) >= delivery.version()) {
    result.set_applied_version(std::stoll(version));
  } else if (delivery.operation() == v1::OPERATION_DELETE) {
    if (!local_id.empty())
      Run(database, absl::StrCat("DELETE FROM ", delivery.model(), " WHERE id = ", local_id));
    local_id.clear();
    Run(database, "DELETE FROM inbox" + of_entity);
  } else {
    std::string names, values, sets;
    for (const v1::Field& field : delivery.fields()) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", field.name());
      absl::StrAppend(&values, values.empty() ? "" : ", ", SqlOf(field.value()));
      absl::StrAppend(&sets, sets.empty() ? "" : ", ", field.name(), " = ", SqlOf(field.value()));
    }
    if (local_id.empty()) {
      local_id = First(database.QueryText(absl::StrCat("INSERT INTO ", delivery.model(), " (", names,
                                                       ") VALUES (", values, ") RETURNING id::text")));
    } else {
      Run(database, absl::StrCat("UPDATE ", delivery.model(), " SET ", sets, " WHERE id = ", local_id));
    }
    Run(database, absl::StrCat("INSERT INTO inbox VALUES (", Quoted(delivery.entity_id()), ", ",
                               Quoted(delivery.model()), ", ", Quoted(local_id), ", ", delivery.version(),
                               ") ON CONFLICT (entity_id, model) DO UPDATE SET local_id = excluded.local_id, "
                               "version = excluded.version"));
  }
  Run(database, "COMMIT");
  result.set_local_id(local_id);
  return result;
}

int Main(const std::string& address, const std::string& platform, const std::string& uri) {
  const auto stub = v1::DeliveryService::NewStub(grpc_support::MakeChannel(address));
  const std::unique_ptr<postgres::Connection> database = *postgres::Connection::Open(uri);
  v1::PullRequest pull;
  pull.set_platform(platform);
  pull.set_max_deliveries(20);
  pull.mutable_wait()->set_seconds(5);
  pull.mutable_lease_duration()->set_seconds(1);
  for (;;) {
    const auto pulled = grpc_support::Call(*stub, &Stub::Pull, pull, {.timeout = absl::Seconds(10)});
    if (!pulled.ok()) {
      absl::SleepFor(absl::Milliseconds(50));
      continue;
    }
    if (pulled->deliveries().empty()) continue;
    v1::DeliveryServiceReportRequest report;
    report.set_platform(platform);
    report.set_lease(pulled->lease());
    for (const v1::Delivery& delivery : pulled->deliveries())
      *report.add_results() = Apply(*database, delivery);
    const auto reported = grpc_support::Call(*stub, &Stub::Report, report, {.timeout = absl::Seconds(10)});
    if (!reported.ok()) std::cerr << reported.status() << "\n";
  }
}

}  // namespace
}  // namespace cognate

int main(int count, char** words) {
  if (count != 4) {
    std::cerr << "usage: agent_program ADDRESS PLATFORM POSTGRES-URI\n";
    return 2;
  }
  return cognate::Main(words[1], words[2], words[3]);
}
