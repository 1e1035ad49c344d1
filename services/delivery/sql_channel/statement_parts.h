// What the statements of this channel are made of.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "common/postgres/rows.h"
#include "services/delivery/sql_channel/statements.h"

namespace cognate::delivery {

absl::string_view ArrayType(Wire wire);

// The value of an array's element as the column takes it. Casts are to the type without its length: the
// assignment checks it.
std::string Expression(const SqlColumn& column, Wire wire, absl::string_view element);

// The key columns as the server prints them, like the replication stream, separated by commas; `row` is
// `t.`.
std::string KeyTexts(const SqlShape& shape, absl::string_view row);
// The local id, as far as SQL can tell it: one text for the whole key.
std::string LocalIdText(const SqlShape& shape, absl::string_view row);

// The local id of the row whose key columns stand from `first` on, as KeyTexts gives them.
std::string LocalIdOf(const SqlShape& shape, const postgres::Rows& rows, int row, int first);

// `unnest($1::text[], …) WITH ORDINALITY AS u(k1, …, ord)`.
struct Unnest {
  std::string arrays;   // $1::text[], $2::int8[]
  std::string columns;  // k1, c1
  int count = 0;

  void Add(absl::string_view array_type, absl::string_view name);
  std::string From() const;
};

// Adds the key's arrays; gives `t."id" = u.k1::integer AND …`.
std::string MatchKeys(const SqlShape& shape, Unnest* unnest);

}  // namespace cognate::delivery
