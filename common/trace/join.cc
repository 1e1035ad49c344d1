#include "common/trace/join.h"

#include <algorithm>

namespace cognate::trace {
namespace {

constexpr size_t kMaxTraces = 16;

// Not valid where none is.
SpanContext LeadingOf(absl::Span<const SpanContext> origins) {
  SpanContext leading;
  for (const SpanContext& origin : origins) {
    if (!origin.valid()) continue;
    if (origin.sampled) return origin;
    if (!leading.valid()) leading = origin;
  }
  return leading;
}

void PointFromOthers(const SpanStart& start, absl::Span<const SpanContext> origins,
                     const SpanContext& joined) {
  std::vector<SpanContext> told = {joined};
  for (const SpanContext& origin : origins) {
    if (told.size() > kMaxTraces) return;
    const bool is_told = std::any_of(told.begin(), told.end(),
                                     [&](const SpanContext& other) { return other.SameTrace(origin); });
    if (is_told || !origin.valid() || !origin.sampled) continue;
    told.push_back(origin);
    Span pointer(start, origin);
    pointer.Link(joined);
    pointer.Set("cognate.continues_in_link", true);
  }
}

}  // namespace

Span Join(const SpanStart& start, absl::Span<const SpanContext> origins) {
  Span span(start, LeadingOf(origins));
  if (!span.recorded()) return span;
  std::vector<SpanContext> linked;
  for (const SpanContext& origin : origins) {
    if (std::find(linked.begin(), linked.end(), origin) != linked.end()) continue;
    if (linked.size() < 64) linked.push_back(origin);
    span.Link(origin);
  }
  PointFromOthers(start, origins, span.context());
  return span;
}

}  // namespace cognate::trace
