#include "services/delivery/sql_channel/shapes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/delivery/sql_channel/contact_statements.h"
#include "services/delivery/sql_channel/inbox.h"
#include "services/delivery/sql_channel/kept_values.h"

namespace cognate::delivery {
namespace {

// The same for groups of the same rules.
void AppendRules(const bus::v1::DeliveryGroup& group, std::string* key) {
  if (!HasContactRules(group)) return;
  for (const bus::v1::FieldPlaces& natural : group.natural_keys()) {
    absl::StrAppend(key, absl::string_view("\0n", 2), absl::StrJoin(natural.places(), ","));
  }
  absl::StrAppend(key, absl::string_view("\0e", 2), group.if_exists());
  absl::StrAppend(key, absl::string_view("\0c", 2), absl::StrJoin(group.on_collision(), ","));
  absl::StrAppend(key, absl::string_view("\0m", 2), absl::StrJoin(group.missing_only(), ","));
}

}  // namespace

ShapePlan::ShapePlan(SqlShape shape, value::Fingerprinter fingerprinter, int number)
    : shape_(std::move(shape)), fingerprinter_(std::move(fingerprinter)), number_(number) {
  for (const SqlColumn* field : shape_.fields) wires_.push_back(field->wire);
}

const Wires& ShapePlan::WiresFor(const Deliveries& deliveries) {
  FitWires(shape_, deliveries, &wires_);
  return wires_;
}

const postgres::Statement& ShapePlan::Kept(char kind, absl::string_view wires, MakeSql make) {
  std::unique_ptr<postgres::Statement>& kept = statements_[absl::StrCat(std::string(1, kind), wires)];
  if (kept == nullptr) {
    kept = std::make_unique<postgres::Statement>(
        postgres::Statement{absl::StrCat("shape_", number_, "_", statements_.size()), make(*this)});
  }
  return *kept;
}

const postgres::Statement& ShapePlan::Insert() {
  const absl::string_view wires(reinterpret_cast<const char*>(wires_.data()), wires_.size());
  return Kept('i', wires, [](const ShapePlan& plan) { return InsertSql(plan.shape_, plan.wires_); });
}

const postgres::Statement& ShapePlan::Update() {
  const absl::string_view wires(reinterpret_cast<const char*>(wires_.data()), wires_.size());
  return Kept('u', wires, [](const ShapePlan& plan) { return UpdateSql(plan.shape_, plan.wires_); });
}

const postgres::Statement& ShapePlan::Delete() {
  return Kept('d', "", [](const ShapePlan& plan) { return DeleteSql(plan.shape_); });
}

const postgres::Statement& ShapePlan::Exists() {
  return Kept('e', "", [](const ShapePlan& plan) { return ExistsSql(plan.shape_); });
}

const postgres::Statement& ShapePlan::Match() {
  return Kept('m', "", [](const ShapePlan& plan) { return MatchSql(plan.shape_); });
}

const postgres::Statement& ShapePlan::FreeValues(size_t suffix) {
  return Kept('f', absl::StrCat(suffix), [&](const ShapePlan& plan) {
    return FreeValuesSql(plan.shape_, plan.shape_.rules.suffixes[suffix]);
  });
}

void ShapePlan::AppendStatementNames(std::vector<std::string>* names) const {
  for (const auto& [key, statement] : statements_) names->push_back(statement->name);
}

absl::StatusOr<const SqlTable*> SqlShapes::Table(postgres::Connection& connection, const std::string& model) {
  KeptTable& kept = tables_[model];
  if (kept.table != nullptr) return kept.table.get();
  const absl::Time now = clock_.Now();
  if (!kept.missing.ok() && now < kept.read_again_time) return kept.missing;
  absl::StatusOr<SqlTable> read = ReadTable(connection, model);
  if (read.ok()) {
    kept.table = std::make_unique<SqlTable>(*std::move(read));
    return kept.table.get();
  }
  kept.missing = read.status();
  // Only what the target itself says is worth remembering.
  const bool is_missing = kept.missing.code() == absl::StatusCode::kFailedPrecondition;
  kept.read_again_time = is_missing ? now + options_.reread_interval : absl::InfinitePast();
  return kept.missing;
}

absl::StatusOr<SqlShape> SqlShapes::Shape(postgres::Connection& connection,
                                          const bus::v1::DeliveryGroup& group) {
  SqlShape shape;
  ASSIGN_OR_RETURN(shape.table, Table(connection, group.model()));
  for (const std::string& field : group.field_names()) {
    ASSIGN_OR_RETURN(const SqlColumn* column, shape.table->Find(field));
    shape.fields.push_back(column);
  }
  for (const std::string& field : group.key_fields()) {
    ASSIGN_OR_RETURN(const SqlColumn* column, shape.table->Find(field));
    shape.keys.push_back(column);
  }
  if (HasContactRules(group)) RETURN_IF_ERROR(AddRules(connection, group, &shape));
  return shape;
}

absl::Status SqlShapes::AddRules(postgres::Connection& connection, const bus::v1::DeliveryGroup& group,
                                 SqlShape* shape) {
  ASSIGN_OR_RETURN(shape->rules, ReadContactRules(connection, group, *shape->table, shape->fields));
  if (shape->rules.remembers() && !has_kept_values_) {
    RETURN_IF_ERROR(EnsureKeptValues(connection));
    has_kept_values_ = true;
  }
  if (!shape->rules.keys.empty() && !has_inbox_index_) {
    RETURN_IF_ERROR(EnsureInboxIndex(connection));
    has_inbox_index_ = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<ShapePlan*> SqlShapes::For(postgres::Connection& connection,
                                          const bus::v1::DeliveryGroup& group) {
  std::string key = group.model();
  for (const std::string& field : group.field_names())
    absl::StrAppend(&key, absl::string_view("\0f", 2), field);
  for (const std::string& field : group.key_fields())
    absl::StrAppend(&key, absl::string_view("\0k", 2), field);
  AppendRules(group, &key);
  const auto known = plans_.find(key);
  if (known != plans_.end()) {
    known->second.last_use = ++uses_;
    return known->second.plan.get();
  }
  if (group.key_fields().empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_DELIVERY",
                 absl::StrCat("a delivery for ", group.model(), " names no key fields"));
  }
  ASSIGN_OR_RETURN(SqlShape shape, Shape(connection, group));
  KeptPlan& kept = plans_[key];
  kept.last_use = ++uses_;
  kept.plan =
      std::make_unique<ShapePlan>(std::move(shape), value::Fingerprinter::For(group.field_names()), ++made_);
  return kept.plan.get();
}

absl::Status SqlShapes::Trim(postgres::Connection& connection) {
  if (plans_.size() <= options_.max_plans) return absl::OkStatus();
  std::vector<int64_t> uses;
  for (const auto& [key, kept] : plans_) uses.push_back(kept.last_use);
  // A quarter more than needed, so that not every call has something to forget.
  const auto oldest_kept =
      uses.begin() + static_cast<std::ptrdiff_t>(plans_.size() - options_.max_plans * 3 / 4);
  std::nth_element(uses.begin(), oldest_kept, uses.end());
  std::vector<std::string> statements;
  absl::erase_if(plans_, [&](const auto& entry) {
    const bool old = entry.second.last_use < *oldest_kept;
    if (old) entry.second.plan->AppendStatementNames(&statements);
    return old;
  });
  return connection.Forget(statements);
}

absl::StatusOr<bool> SqlShapes::Forget(postgres::Connection& connection, absl::string_view model,
                                       Doubt doubt) {
  const auto table = tables_.find(model);
  if (table == tables_.end() || table->second.table == nullptr) return false;
  const absl::Time now = clock_.Now();
  absl::Time& forget_time = forget_times_.try_emplace(std::string(model), absl::InfinitePast()).first->second;
  const absl::Duration interval =
      doubt == Doubt::kValueRefused ? options_.reread_for_value_interval : options_.reread_interval;
  if (now < forget_time + interval) return false;
  forget_time = now;
  std::vector<std::string> statements;
  absl::erase_if(plans_, [&](const auto& entry) {
    const bool of_table = entry.second.plan->shape().table == table->second.table.get();
    if (of_table) entry.second.plan->AppendStatementNames(&statements);
    return of_table;
  });
  tables_.erase(table);
  RETURN_IF_ERROR(connection.Forget(statements));
  return true;
}

void SqlShapes::Clear() {
  plans_.clear();
  tables_.clear();
  forget_times_.clear();
  has_kept_values_ = false;
  has_inbox_index_ = false;
}

}  // namespace cognate::delivery
