#include "services/delivery/refiller.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr int kPatience = 2;  // intervals that a refill may take to come by, beyond the first

}  // namespace

absl::Status Refiller::Run(LaneSource& source, int64_t batches) {
  const absl::Time now = context_.clock.Now();
  // Asking again before the last answer has come by would have the same records replayed twice.
  const bool came = received_ >= replayed_;
  if (!came && now < due_ + kPatience * context_.options.refill_interval) return absl::OkStatus();
  if (more_ && batches > context_.options.refill_low_batches) return absl::OkStatus();
  if (now < due_ && !(more_ && came)) return absl::OkStatus();
  due_ = now + context_.options.refill_interval;
  ASSIGN_OR_RETURN(const absl::Time oldest, source.OldestTime());
  v1::RefillRequest request;
  request.set_platform(platform_);
  request.set_limit(context_.options.refill_limit);
  value::SetMicros(absl::ToUnixMicros(std::min(oldest, now) - context_.options.refill_grace),
                   request.mutable_planned_before());
  ASSIGN_OR_RETURN(const v1::RefillResponse response, context_.feedback.Refill(request));
  more_ = response.more();
  replayed_ = static_cast<size_t>(std::max(0, response.replayed_count()));
  received_ = 0;
  return absl::OkStatus();
}

}  // namespace cognate::delivery
