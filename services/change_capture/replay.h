#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/replay_writer.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ReplayResponse> Replay(ChangeLog& log, ReplayWriter& writer,
                                          const v1::ReplayRequest& request);

}  // namespace cognate::change_capture
