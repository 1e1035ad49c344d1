// Deliveries that the platform's own agent fetches (DeliveryService.Pull and Subscribe).
#pragma once

#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "services/delivery/agent_channel/mailbox.h"
#include "services/delivery/channel.h"

namespace cognate::delivery {

struct AgentChannelOptions {
  // An agent that has asked for nothing for so long, and has nothing lent, is away: the lane is closed.
  // Longer than the pause between two runs of a site's cron.
  absl::Duration away_after = absl::Minutes(3);
};

// `mailbox` outlives it.
class AgentChannel final : public Channel {
 public:
  AgentChannel(Mailbox& mailbox, const Clock& clock, AgentChannelOptions options)
      : mailbox_(mailbox), clock_(clock), options_(options) {}
  ~AgentChannel() override { mailbox_.Close(); }

  // UNAVAILABLE NO_AGENT while no agent asks for deliveries.
  absl::Status Open() override { return Presence(); }
  // Waits for a moment; what the agent has not answered by then is still under way.
  absl::StatusOr<std::vector<v1::Outcome>> Apply(absl::Span<const Outgoing> deliveries) override;
  absl::Status lost() const override { return Presence(); }
  bool knows_entities() const override { return false; }
  bool comes_by_itself() const override { return true; }
  std::function<void(const v1::ReportRequest&)> told() override {
    return [&mailbox = mailbox_](const v1::ReportRequest& report) { mailbox.Told(report); };
  }
  void Interrupt() override {}  // no call takes long

 private:
  absl::Status Presence() const;

  Mailbox& mailbox_;
  const Clock& clock_;
  const AgentChannelOptions options_;
};

}  // namespace cognate::delivery
