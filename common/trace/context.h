// W3C trace context: what says that work in different processes belongs together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace cognate::trace {

// The header of HTTP, the metadata of gRPC and the field of stream entries.
inline constexpr char kTraceparent[] = "traceparent";

// A span as others are told of it. Ids of zero are none.
struct SpanContext {
  uint64_t trace_high = 0;
  uint64_t trace_low = 0;
  uint64_t span = 0;
  bool sampled = false;  // it is exported, and so is what follows from it

  bool valid() const { return (trace_high | trace_low) != 0 && span != 0; }
  bool SameTrace(const SpanContext& other) const {
    return trace_high == other.trace_high && trace_low == other.trace_low;
  }
  friend bool operator==(const SpanContext&, const SpanContext&) = default;
};

// `00-{trace, 32}-{span, 16}-{flags, 2}` in small hex digits; nothing for anything else. Versions to come are
// read as this one, as far as they begin like it. For texts of strangers.
std::optional<SpanContext> ParseTraceparent(absl::string_view text);
std::string FormatTraceparent(const SpanContext& context);

std::string TraceIdText(const SpanContext& context);  // 32 hex digits
std::string SpanIdText(uint64_t span);                // 16

// Of a trace that begins here.
SpanContext NewContext(bool sampled);
uint64_t NewSpanId();

// Whether a trace with this id is among the part of all; every process decides alike.
bool InRatio(const SpanContext& context, double ratio);

}  // namespace cognate::trace
