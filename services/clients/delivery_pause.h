// When nothing may be delivered to a platform, though it could be reached: it is locked, or in a maintenance
// window.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/platform.pb.h"

namespace cognate::clients {

struct DeliveryPause {
  std::string reason;  // `PLATFORM_LOCKED: …`, in words
  absl::Time until = absl::InfiniteFuture();
};

// nullopt while deliveries may go. Of several pauses the one that ends last.
std::optional<DeliveryPause> PauseAt(const v1::Platform& platform, absl::Time now);

// Whether a reason is one of those above, and not a failure.
bool IsPause(absl::string_view reason);

// Since midnight, of `HH:MM`; nullopt for anything else.
std::optional<absl::Duration> ParseTimeOfDay(absl::string_view text);

}  // namespace cognate::clients
