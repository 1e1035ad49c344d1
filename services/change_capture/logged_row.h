// Rows of the table changes, selected as kLoggedColumns.
#pragma once

#include <cstdint>

#include "common/postgres/rows.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

inline constexpr char kLoggedColumns[] =
    "version, model_id, local_id, operation, fields, source_time, change_id, captured_at, origin_entity_id, "
    "origin_version, is_amended";

int32_t ModelIdOfRow(const postgres::Rows& rows, int row);
// `model` is that of the row.
LoggedState StateOfRow(const postgres::Rows& rows, int row, const LoggedModel& model);

}  // namespace cognate::change_capture
