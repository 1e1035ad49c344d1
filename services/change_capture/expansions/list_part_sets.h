// ListPartSets: what was last taken of records that others are made of.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/expansion_service.pb.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/expansions/part_set_store.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListPartSetsResponse> ListPartSets(ChangeLog& log, PartSetStore& sets,
                                                      const v1::ListPartSetsRequest& request);

}  // namespace cognate::change_capture
