#include "services/change_capture/logged_row.h"

namespace cognate::change_capture {
namespace {

enum Column {
  kVersion,
  kModelId,
  kLocalId,
  kOperation,
  kFields,
  kSourceTime,
  kChangeId,
  kCapturedAt,
  kOriginEntityId,
  kOriginVersion,
  kIsAmended,
};

}  // namespace

int32_t ModelIdOfRow(const postgres::Rows& rows, int row) { return rows.GetInt32(row, kModelId); }

LoggedState StateOfRow(const postgres::Rows& rows, int row, const LoggedModel& model) {
  LoggedState state;
  state.version = rows.GetInt64(row, kVersion);
  state.model = &model;
  state.local_id = std::string(rows.GetText(row, kLocalId));
  state.operation = static_cast<v1::Operation>(rows.GetInt32(row, kOperation));
  state.fields = std::string(rows.GetBytes(row, kFields));
  if (!rows.IsNull(row, kSourceTime)) state.source_time = rows.GetTimestamp(row, kSourceTime);
  state.change_id = std::string(rows.GetText(row, kChangeId));
  state.capture_time = rows.GetTimestamp(row, kCapturedAt);
  if (!rows.IsNull(row, kOriginVersion)) {
    state.origin = Origin{rows.IsNull(row, kOriginEntityId) ? Uuid() : rows.GetUuid(row, kOriginEntityId),
                          rows.GetInt64(row, kOriginVersion)};
  }
  state.is_amended = !rows.IsNull(row, kIsAmended);
  return state;
}

}  // namespace cognate::change_capture
