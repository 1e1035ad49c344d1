#include "services/delivery/agent_channel/agent_channel.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kTurn = absl::Seconds(1);

}  // namespace

absl::Status AgentChannel::Presence() const {
  const absl::Time asked = mailbox_.last_asked();
  if (clock_.Now() - asked < options_.away_after || mailbox_.AnyLent()) return absl::OkStatus();
  return Error(
      absl::StatusCode::kUnavailable, "NO_AGENT",
      asked == absl::InfinitePast()
          ? "no agent has asked for deliveries since this service was started; start the platform's agent"
          : absl::StrCat("no agent has asked for deliveries since ",
                         absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", asked, absl::UTCTimeZone()),
                         "; is the platform's agent, or its cron, still running?"));
}

absl::StatusOr<std::vector<v1::Outcome>> AgentChannel::Apply(absl::Span<const Outgoing> deliveries) {
  return mailbox_.Exchange(deliveries, kTurn);
}

}  // namespace cognate::delivery
