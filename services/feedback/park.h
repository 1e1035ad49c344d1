#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/feedback/peers_client.h"

namespace cognate::feedback {

// A version that is in trouble.
struct Parked {
  absl::string_view entity_id;  // 16 bytes
  absl::string_view model;
  int64_t version = 0;
};

// Tells the ledger that these replicas of a target are in trouble, so that they are not PENDING.
absl::Status Park(Peers& peers, const std::string& platform, absl::Span<const Parked> parked,
                  const CallContext& context);
// Tells it that these are given up: neither PENDING nor due again.
absl::Status Discard(Peers& peers, const std::string& platform, absl::Span<const Parked> discarded,
                     const CallContext& context);

}  // namespace cognate::feedback
