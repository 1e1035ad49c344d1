// What the command line can say of how, how fast and when deliveries reach a platform.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "cognate/v1/platform.pb.h"

namespace cognate::cli {

struct PlatformDelivery {
  // Given or not: what is not given stays as it is.
  std::optional<std::string> webhook, timeout, retry, hold, hold_lifetime;
  std::vector<std::string> secret_files, secret_environments, sealed_secret_files, maintenance;
  std::optional<int> max_deliveries, max_requests, hold_max_releases;
  std::optional<double> max_rate;
  bool allow_private_addresses = false;
  bool pull = false;

  void Add(CLI::App* command);
  // Into a platform that holds what is there already; `paths` gets what an update's mask has to name.
  absl::Status Set(v1::Platform* platform, std::vector<std::string>* paths) const;

 private:
  bool changes_webhook() const;
  absl::Status SetWebhook(v1::Webhook* webhook) const;
  absl::Status SetPolicy(v1::DeliveryPolicy* policy) const;
  bool changes_hold() const { return hold || hold_lifetime || hold_max_releases; }
  absl::Status SetHold(v1::HoldPolicy* policy) const;
  CLI::Option* private_option_ = nullptr;
};

// In sentences: the endpoint, the limits, the lock; nothing where all is as it is by default.
void PrintPlatformDelivery(std::ostream& out, const v1::Platform& platform);

}  // namespace cognate::cli
