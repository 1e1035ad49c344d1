// CaptureParts: sets of parts become changes of the log.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/expansion_service.pb.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/expansions/part_set_store.h"

namespace cognate::change_capture {

struct PartsParts {
  ChangeLog& log;
  Appender& appender;
  PartSetStore& sets;
};

absl::StatusOr<v1::CapturePartsResponse> CaptureParts(const PartsParts& parts,
                                                      const v1::CapturePartsRequest& request);

}  // namespace cognate::change_capture
