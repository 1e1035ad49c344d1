#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/newest_records_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListLatestChangesResponse> ListLatestChanges(ChangeLog& log, NewestRecordsStore& newest,
                                                                const v1::ListLatestChangesRequest& request);

}  // namespace cognate::change_capture
