// The statements that write a batch of records of one shape to a table: built once for each shape, then
// prepared.
//
// All of them take one array for each column and join on the key by the index: a nested loop, whatever the
// planner knows of the table (the session forbids it the other ways). Every name is quoted, every value is a
// parameter.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/postgres/connection.h"
#include "services/delivery/sql_channel/contact_rules.h"
#include "services/delivery/sql_channel/table.h"

namespace cognate::delivery {

// Columns of one shape, as the target has them. Points into the table.
struct SqlShape {
  const SqlTable* table = nullptr;
  std::vector<const SqlColumn*> fields;
  std::vector<const SqlColumn*> keys;
  ContactRules rules = {};
};

// How each field of a batch travels; what fits no cheaper wire goes as text.
using Wires = std::vector<Wire>;

// $1…$n: the fields. Answers the key columns' texts, in the order of the arrays.
std::string InsertSql(const SqlShape& shape, const Wires& wires);
// $1…$k: the keys as texts, then the fields that can be updated. Answers the ordinal (from 1) of each row
// that was there, then its key columns' texts after the update. With values that are written only where they
// are missing, each of these fields takes one array more, at the end: what is known to have been there
// before, as JSON texts; and the answer has one column more: whether the row now has all that was delivered.
std::string UpdateSql(const SqlShape& shape, const Wires& wires);
// $1…$k: the keys as texts.
std::string DeleteSql(const SqlShape& shape);
// $1…$k: the keys as texts. Answers the ordinals of those that are there.
std::string ExistsSql(const SqlShape& shape);

// A field that an update may set.
inline bool Updatable(const SqlColumn& column) { return !column.identity_always; }

}  // namespace cognate::delivery
