// Between rows of `troubles` and Trouble, for the store.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "common/postgres/params.h"
#include "common/postgres/rows.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

// The columns in the order of TroubleFromRow, each with `prefix` ("t.").
std::string TroubleColumns(const std::string& prefix);
Trouble TroubleFromRow(const postgres::Rows& rows, int row);
std::vector<Trouble> TroublesFromRows(const postgres::Rows& rows);

// `$1` of a statement that names rows by their place, which a locking statement answered as text in `column`.
postgres::Params PlacesParam(const postgres::Rows& rows, int column = 0);

// One array for each column, in the order of TroubleColumns.
void AddTroubles(absl::Span<const Trouble> troubles, postgres::Params* params);
// Three arrays: entities, platforms, models.
void AddKeys(absl::Span<const TroubleKey> keys, postgres::Params* params);
// The same, and a fourth: versions.
void AddVersionedKeys(absl::Span<const Trouble> troubles, postgres::Params* params);

}  // namespace cognate::feedback
