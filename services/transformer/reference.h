// Turns fields that name other records into references to their entities.
#pragma once

#include "services/transformer/map.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// Fills the references of every item in. An item whose reference leads nowhere by the rules waits
// (REFERENCE_HAS_NO_SYNC), unless it may be written without; one whose value can be no id is refused. Local
// ids that the target does not have yet stay empty: delivery knows them later.
void Refer(const Routed& routed, const Candidates& candidates, const Resolved& resolved, Mapped* mapped);

}  // namespace cognate::transformer
