// Spans as a request of the OpenTelemetry protocol (OTLP/HTTP, JSON).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/trace/span.h"

namespace cognate::trace {

// Where a collector takes traces: the address as it is where it has the path `/v1/traces`, else with that
// behind it. INVALID_ARGUMENT in the form "got …, want …" for what is no http(s) address, and for one with a
// login in it, which every list of processes would show.
absl::Status ReadEndpoint(absl::string_view endpoint, std::string* url);

// Each service's spans under a resource of its own: service.namespace `cognate`, service.name
// `change-capture`. Values under secret names, and secrets inside texts, are not written (common/log).
std::string OtlpRequest(absl::Span<const SpanRecord> spans, absl::string_view version,
                        absl::string_view instance);

// How many spans a collector has refused, by its answer to a request; 0 for an answer that says nothing.
int64_t RejectedSpans(absl::string_view answer);

}  // namespace cognate::trace
