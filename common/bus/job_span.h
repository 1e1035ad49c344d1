// Spans of what goes over streams, as OpenTelemetry's conventions for messaging say: who adds an entry has a
// producer's span, whose context goes along in the entry's field `traceparent`; who works on entries has a
// consumer's, which is linked to those.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/trace/span.h"

namespace cognate::bus {

// Names of spans take the kind of stream, not its name: there are as many lanes as platforms.
inline constexpr char kChangesKind[] = "changes";
inline constexpr char kLaneKind[] = "lane:{platform}";

struct Job {
  absl::string_view kind;     // of the above
  absl::string_view stream;   // its whole name
  absl::string_view service;  // whose span it is
};

// From the making of an entry until it is on the stream. Of what is current, unless a parent is given.
trace::Span SendSpan(const Job& job, const trace::SpanContext& parent = trace::Now().span);

// For entries that are worked on together (trace::Join). What an entry says of its trace may be nonsense.
trace::Span ProcessSpan(const Job& job, absl::Span<const trace::SpanContext> entries);

trace::SpanContext ContextOf(absl::string_view traceparent);

}  // namespace cognate::bus
