#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/feedback/parts.h"

namespace cognate::feedback {

// Has records replayed. Answers those that the change log does not know. `cause` is for the metric.
absl::StatusOr<std::vector<v1::RecordKey>> ReplayKnown(const Parts& parts, const v1::ReplayRequest& request,
                                                       absl::string_view cause, const CallContext& context);

// What became of troubles that were to be replayed.
struct Replayed {
  int64_t count = 0;             // On their way.
  std::vector<Trouble> unknown;  // The change log does not know these: DEAD now.
  absl::Status failure;          // Why nothing is on its way; it is due again in a second.
};
// Has troubles of one target and of one `allow_incomplete` replayed, which were taken for it.
absl::StatusOr<Replayed> ReplayTroubles(const Parts& parts, absl::Span<const Trouble> troubles,
                                        const CallContext& context);

// Nothing can be sent for these replicas of one target: DEAD troubles RECORD_UNKNOWN, which are written,
// parked and told. Answers them; those that are over by what the ledger says end instead.
absl::StatusOr<std::vector<Trouble>> GiveUpUnknown(const Parts& parts, absl::Span<const Trouble> unknown,
                                                   const CallContext& context);

}  // namespace cognate::feedback
