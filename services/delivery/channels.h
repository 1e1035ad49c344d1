// Which channel reaches a platform. A new one is a folder of its own and a line here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/webhook/sender.h"
#include "services/clients/registry_client.h"
#include "services/delivery/agent_channel/mailbox.h"
#include "services/delivery/channel.h"
#include "services/delivery/sql_channel/sql_channel.h"

namespace cognate::delivery {

// Thread safe. Outlives the channels that it has made; what is given outlives it.
class Channels {
 public:
  // `registry` says whose records a target has (SqlChannelOptions.adopt). `on_free` is for the mailboxes.
  Channels(const SqlChannelOptions& sql, clients::RegistryClient& registry, const Clock& clock,
           std::function<void(const std::string& platform)> on_free)
      : sql_(sql), registry_(registry), clock_(clock), mailboxes_(clock, std::move(on_free)) {}

  // FAILED_PRECONDITION NO_CHANNEL for a platform that takes no deliveries. Does not connect.
  absl::StatusOr<std::unique_ptr<Channel>> Make(const v1::Platform& platform);

  // Where agents find what is for them.
  Mailboxes& mailboxes() { return mailboxes_; }

 private:
  const SqlChannelOptions sql_;
  clients::RegistryClient& registry_;
  const Clock& clock_;
  Mailboxes mailboxes_;
  // Apart, so that no connection that one endpoint may have is used for another that may not.
  webhook::Sender public_sender_{{.allow_private_addresses = false}};
  webhook::Sender any_sender_{{.allow_private_addresses = true}};
};

}  // namespace cognate::delivery
