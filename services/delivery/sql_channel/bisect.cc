#include "services/delivery/sql_channel/bisect.h"

#include "common/status/status_macros.h"

namespace cognate::delivery {

absl::Status Bisect(size_t begin, size_t end, const BisectSteps& steps) {
  if (begin == end) return absl::OkStatus();
  const absl::Status status = steps.attempt(begin, end);
  if (status.ok()) return status;
  if (steps.hopeless(status)) return status;
  const size_t middle = end - begin == 1 ? end : steps.split(begin, end, status);
  if (middle == end) {
    steps.failed(begin, end, status);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(Bisect(begin, middle, steps));
  return Bisect(middle, end, steps);
}

}  // namespace cognate::delivery
