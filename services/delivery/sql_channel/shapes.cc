#include "services/delivery/sql_channel/shapes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::delivery {

ShapePlan::ShapePlan(SqlShape shape, value::Fingerprinter fingerprinter, int number)
    : shape_(std::move(shape)), fingerprinter_(std::move(fingerprinter)), number_(number) {
  for (const SqlColumn* field : shape_.fields) wires_.push_back(field->wire);
}

const Wires& ShapePlan::WiresFor(const Deliveries& deliveries) {
  FitWires(shape_, deliveries, &wires_);
  return wires_;
}

const postgres::Statement& ShapePlan::Kept(char kind, absl::string_view wires,
                                           std::string (*make)(const ShapePlan&)) {
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

absl::StatusOr<ShapePlan*> SqlShapes::For(postgres::Connection& connection,
                                          const bus::v1::DeliveryGroup& group) {
  std::string key = group.model();
  for (const std::string& field : group.field_names())
    absl::StrAppend(&key, absl::string_view("\0f", 2), field);
  for (const std::string& field : group.key_fields())
    absl::StrAppend(&key, absl::string_view("\0k", 2), field);
  std::unique_ptr<ShapePlan>& plan = plans_[key];
  if (plan != nullptr) return plan.get();
  if (group.key_fields().empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_DELIVERY",
                 absl::StrCat("a delivery for ", group.model(), " names no key fields"));
  }
  std::unique_ptr<SqlTable>& table = tables_[group.model()];
  if (table == nullptr) {
    ASSIGN_OR_RETURN(SqlTable read, ReadTable(connection, group.model()));
    table = std::make_unique<SqlTable>(std::move(read));
  }
  SqlShape shape;
  shape.table = table.get();
  for (const std::string& field : group.field_names()) {
    ASSIGN_OR_RETURN(const SqlColumn* column, table->Find(field));
    shape.fields.push_back(column);
  }
  for (const std::string& field : group.key_fields()) {
    ASSIGN_OR_RETURN(const SqlColumn* column, table->Find(field));
    shape.keys.push_back(column);
  }
  plan =
      std::make_unique<ShapePlan>(std::move(shape), value::Fingerprinter::For(group.field_names()), ++made_);
  return plan.get();
}

void SqlShapes::Clear() {
  plans_.clear();
  tables_.clear();
}

}  // namespace cognate::delivery
