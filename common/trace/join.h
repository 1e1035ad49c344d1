// Work that is done for several at once.
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "common/trace/span.h"

namespace cognate::trace {

// A span for work that several spans have led to, such as one commit of many callers' changes. It is a part
// of the trace of the first of them that is sampled (else of the first one), and has links to all of them.
//
// Each other sampled trace gets a short span of the same name that has a link to this one, so that whoever
// follows that trace finds where it goes on; of at most 16 traces.
Span Join(const SpanStart& start, absl::Span<const SpanContext> origins);

}  // namespace cognate::trace
