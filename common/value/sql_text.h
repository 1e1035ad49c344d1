// Values as PostgreSQL reads them: for a text parameter that is cast to the column's type.
#pragma once

#include <string>

#include "cognate/v1/value.pb.h"

namespace cognate::value {

// Appends the text and gives true; for NULL appends nothing and gives false. Bytes as `\x…`, lists as array
// literals with every element quoted, timestamps in ISO form with `+00` (a column without time zone takes the
// UTC reading), doubles by their shortest form, maps as JSON, a reference as its local id (NULL while the
// target does not have it).
bool AppendSqlText(const v1::Value& value, std::string* out);

}  // namespace cognate::value
