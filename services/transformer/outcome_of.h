// The outcome of what is not sent.
#pragma once

#include "cognate/v1/outcome.pb.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// With all that is known of the change.
v1::Outcome OutcomeOf(const RoutedChange& change, int64_t version, const RecordIdentity& identity,
                      const TargetPlan& target, v1::OutcomeStatus status, v1::OutcomeError error);

}  // namespace cognate::transformer
