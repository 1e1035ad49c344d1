// What is worked out once for each shape of deliveries and kept: the table, its columns, the statements.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "common/clock/clock.h"
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
  const postgres::Statement& Match();
  // `suffix` is one of the shape's rules.
  const postgres::Statement& FreeValues(size_t suffix);

  // The names of all of them, to be forgotten with the plan.
  void AppendStatementNames(std::vector<std::string>* names) const;

 private:
  using MakeSql = absl::FunctionRef<std::string(const ShapePlan&)>;
  const postgres::Statement& Kept(char kind, absl::string_view wires, MakeSql make);

  const SqlShape shape_;
  const value::Fingerprinter fingerprinter_;
  const int number_;
  Wires wires_;
  absl::flat_hash_map<std::string, std::unique_ptr<postgres::Statement>> statements_;
};

struct SqlShapesOptions {
  size_t max_plans = 200;  // kept, with the statements that are prepared for them
  // How soon a table that was found changed or missing is read once more,
  absl::Duration reread_interval = absl::Seconds(5);
  // and how soon one that refuses a value: a column may have been widened for it.
  absl::Duration reread_for_value_interval = absl::Milliseconds(100);
};

// Why a table may not be as it is remembered.
enum class Doubt { kValueRefused, kSchemaChanged };

// Of one target. Not thread safe.
class SqlShapes {
 public:
  explicit SqlShapes(const SqlShapesOptions& options = {}, const Clock& clock = Clock::Real())
      : options_(options), clock_(clock) {}

  // Forgets the plans that were not used for longest, where there are too many. Ends the life of plans, as
  // the next two do.
  absl::Status Trim(postgres::Connection& connection);
  // Forgets one table and what was made for it: it may have changed. False where there is nothing to forget,
  // or it was forgotten a short time ago: no use in trying again what has failed.
  absl::StatusOr<bool> Forget(postgres::Connection& connection, absl::string_view model, Doubt doubt);
  // Forgets everything, for a new connection.
  void Clear();

  // Reads the table from the target's catalogue on first use. FAILED_PRECONDITION UNDEFINED_TABLE or
  // UNDEFINED_COLUMN, in words for operators; INVALID_ARGUMENT MALFORMED_DELIVERY for a group without fields
  // or keys.
  absl::StatusOr<ShapePlan*> For(postgres::Connection& connection, const bus::v1::DeliveryGroup& group);
  size_t plan_count() const { return plans_.size(); }

 private:
  struct KeptPlan {
    std::unique_ptr<ShapePlan> plan;
    int64_t last_use = 0;
  };
  // Where a table stands: read, or found missing.
  struct KeptTable {
    std::unique_ptr<SqlTable> table;
    absl::Status missing;
    absl::Time read_again_time = absl::InfiniteFuture();  // of one that is missing
  };
  absl::StatusOr<const SqlTable*> Table(postgres::Connection& connection, const std::string& model);
  absl::Status AddRules(postgres::Connection& connection, const bus::v1::DeliveryGroup& group,
                        SqlShape* shape);
  absl::StatusOr<SqlShape> Shape(postgres::Connection& connection, const bus::v1::DeliveryGroup& group);

  const SqlShapesOptions options_;
  const Clock& clock_;
  absl::flat_hash_map<std::string, KeptTable> tables_;
  absl::flat_hash_map<std::string, KeptPlan> plans_;
  absl::flat_hash_map<std::string, absl::Time> forget_times_;  // by model
  int64_t uses_ = 0;
  bool has_kept_values_ = false;  // what the inbox needs beside itself is there
  bool has_inbox_index_ = false;
  int made_ = 0;  // plans ever made, for the names of their statements
};

}  // namespace cognate::delivery
