#include "services/delivery/channels.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "services/delivery/agent_channel/agent_channel.h"
#include "services/delivery/webhook_channel/webhook_channel.h"

namespace cognate::delivery {
namespace {

// A transaction on the target is open meanwhile.
const grpc_support::CallOptions kAdopt = {.timeout = absl::Seconds(5)};

std::string IdOf(const v1::Platform& platform) {
  return std::string(absl::StripPrefix(platform.name(), "platforms/"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Channel>> Channels::Make(const v1::Platform& platform) {
  switch (platform.channel()) {
    case v1::CHANNEL_SQL: {
      SqlChannelOptions options = sql_;
      options.announces_writes = platform.capture_mode() == v1::CAPTURE_MODE_REPLICATION;
      options.adopt = [&registry = registry_, id = IdOf(platform)](v1::AdoptRequest request) {
        request.set_platform(id);
        return registry.Adopt(request, kAdopt);
      };
      return std::make_unique<SqlChannel>(platform.database(), options);
    }
    case v1::CHANNEL_WEBHOOK: {
      const bool anywhere = platform.webhook().allow_private_addresses();
      return std::make_unique<WebhookChannel>(platform,
                                              WebhookParts{clock_, anywhere ? any_sender_ : public_sender_});
    }
    case v1::CHANNEL_AGENT:
      return std::make_unique<AgentChannel>(mailboxes_.Of(IdOf(platform)), clock_, AgentChannelOptions());
    default:
      return Error(absl::StatusCode::kFailedPrecondition, "NO_CHANNEL",
                   absl::StrCat(platform.name(),
                                " takes no deliveries: give it a channel, or delete the syncs to it"));
  }
}

}  // namespace cognate::delivery
