// What records were at a time, and their way back to it.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/backup_service.pb.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/amender.h"
#include "services/change_capture/restores/past_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListPastRecordsResponse> ListPastRecords(ChangeLog& log, PastStore& past,
                                                            const v1::ListPastRecordsRequest& request);
absl::StatusOr<v1::RestoreRecordsResponse> RestoreRecords(ChangeLog& log, Catalogue& catalogue,
                                                          Amender& amender,
                                                          const v1::RestoreRecordsRequest& request);

}  // namespace cognate::change_capture
