#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/change_capture/change_source.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListSourcesResponse> ListSources(ChangeSource& source,
                                                    const v1::ListSourcesRequest& request);

}  // namespace cognate::change_capture
