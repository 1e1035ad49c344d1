#include "services/change_capture/sources.h"

#include <utility>
#include <vector>

#include "common/status/status_macros.h"

namespace cognate::change_capture {

absl::StatusOr<v1::ListSourcesResponse> ListSources(ChangeSource& source,
                                                    const v1::ListSourcesRequest& request) {
  ASSIGN_OR_RETURN(std::vector<v1::Source> sources, source.List(request.platform()));
  v1::ListSourcesResponse response;
  for (v1::Source& listed : sources) *response.add_sources() = std::move(listed);
  return response;
}

}  // namespace cognate::change_capture
