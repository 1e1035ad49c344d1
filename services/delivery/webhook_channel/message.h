// What goes to an endpoint and what it answers, as JSON (docs/webhooks.md).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/outcome.pb.h"
#include "common/webhook/endpoint.h"
#include "services/delivery/channel.h"

namespace cognate::delivery {

// Its id is the same for the same versions of the same records, so that the endpoint can tell a request that
// comes again. `single`: the body has one delivery in the place of a list; then there is one.
webhook::Message MakeMessage(absl::string_view platform, absl::Span<const Outgoing> deliveries, bool single,
                             absl::Time now);

// What an answer with a status of 2xx says of each delivery, in their order. An answer that is empty or says
// nothing of results means that all was applied. INVALID_ARGUMENT in words where it begins to say something
// and cannot be read.
absl::StatusOr<std::vector<v1::Outcome>> ReadAnswer(absl::string_view body,
                                                    absl::Span<const Outgoing> deliveries, bool single);

}  // namespace cognate::delivery
