#include "services/delivery/lane_work.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/bus/streams.h"

namespace cognate::delivery {

LaneWork::LaneWork(const LaneParts& parts, WakeCause cause, std::function<void(Rest rest)> rested)
    : reporter_(parts.platform, bus::LaneStream(parts.platform, parts.context.options.stream_prefix),
                parts.context.redis, parts.context.feedback, parts.progress),
      loop_(parts, reporter_, cause),
      worker_(absl::StrCat("lane-", parts.platform), [this, rested = std::move(rested)](StopToken& stop) {
        std::optional<Rest> rest = loop_.Run(stop);
        if (rest.has_value()) rested(*std::move(rest));
      }) {}

void LaneWork::RequestStop() {
  worker_.RequestStop();
  reporter_.RequestStop();  // also frees the loop where it waits for it
  loop_.StopRefills();
}

}  // namespace cognate::delivery
