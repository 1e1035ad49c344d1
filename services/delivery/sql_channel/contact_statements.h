// The statements that look, for a whole batch, at what the target has already. Made and prepared as the
// others (statements.h).
#pragma once

#include <string>

#include "services/delivery/sql_channel/statements.h"

namespace cognate::delivery {

// $1: entities; $2…: the fields of all keys as texts, key after key; then the model. Answers the ordinal
// (from 1) of each record that a key matches, the key's place (from 0), and the match's key columns as texts:
// at most two for each key, in order; all where a key has no index, for then the whole table is read once.
// What the inbox says is another entity's does not match.
std::string MatchSql(const SqlShape& shape);

// $1: values of the suffixed field as texts, $2: the number to begin with (1 is the value itself), $3: how
// many free values are wanted, then the other fields of the unique set as texts, then the keys of rows that
// do not count. Answers the ordinal, and a free value.
std::string FreeValuesSql(const SqlShape& shape, const ContactRules::Suffix& suffix);

}  // namespace cognate::delivery
