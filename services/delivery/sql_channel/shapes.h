// What is worked out once for each shape of deliveries and kept: the table, its columns, the statements.
#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "common/postgres/connection.h"
#include "common/postgres/statement.h"
#include "common/value/fingerprint.h"
#include "services/delivery/sql_channel/params.h"
#include "services/delivery/sql_channel/statements.h"
#include "services/delivery/sql_channel/table.h"

namespace cognate::delivery {

// One model with one set of fields.
class ShapePlan {
 public:
  ShapePlan(SqlShape shape, value::Fingerprinter fingerprinter, int number);

  // In the order in which shapes were first met.
  int number() const { return number_; }
  const SqlShape& shape() const { return shape_; }
  const value::Fingerprinter& fingerprinter() const { return fingerprinter_; }
  // Lowers the wires to what these deliveries need.
  const Wires& WiresFor(const Deliveries& deliveries);

  // For the current wires.
  const postgres::Statement& Insert();
  const postgres::Statement& Update();
  const postgres::Statement& Delete();
  const postgres::Statement& Exists();

 private:
  const postgres::Statement& Kept(char kind, absl::string_view wires, std::string (*make)(const ShapePlan&));

  const SqlShape shape_;
  const value::Fingerprinter fingerprinter_;
  const int number_;
  Wires wires_;
  absl::flat_hash_map<std::string, std::unique_ptr<postgres::Statement>> statements_;
};

// Of one target. Not thread safe.
class SqlShapes {
 public:
  // Reads the table from the target's catalogue on first use. FAILED_PRECONDITION UNDEFINED_TABLE or
  // UNDEFINED_COLUMN, in words for operators; INVALID_ARGUMENT MALFORMED_DELIVERY for a group without fields
  // or keys.
  absl::StatusOr<ShapePlan*> For(postgres::Connection& connection, const bus::v1::DeliveryGroup& group);
  // Forgets everything: the target's tables may have changed.
  void Clear();
  bool empty() const { return tables_.empty(); }

 private:
  absl::flat_hash_map<std::string, std::unique_ptr<SqlTable>> tables_;
  absl::flat_hash_map<std::string, std::unique_ptr<ShapePlan>> plans_;
  int made_ = 0;  // plans ever made, for the names of their statements
};

}  // namespace cognate::delivery
