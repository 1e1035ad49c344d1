#include "services/delivery/lane.h"

#include "absl/strings/str_cat.h"
#include "common/bus/streams.h"

namespace cognate::delivery {

Lane::Lane(std::string platform, const LaneContext& context, int64_t fence, absl::Time lease_until)
    : lease_(fence, lease_until),
      status_(platform, context.metrics),
      progress_(absl::StrCat("lane_", platform), context.clock, context.metrics),
      reporter_(platform, bus::LaneStream(platform, context.options.stream_prefix), context.redis,
                context.feedback, progress_),
      loop_({platform, context, lease_, status_, progress_, reporter_}),
      worker_(absl::StrCat("lane-", platform), [this](StopToken& stop) { loop_.Run(stop); }) {}

void Lane::RequestStop() {
  worker_.RequestStop();
  reporter_.RequestStop();  // also frees the loop where it waits for it
  loop_.StopRefills();
}

}  // namespace cognate::delivery
