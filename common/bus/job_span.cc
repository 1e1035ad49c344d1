#include "common/bus/job_span.h"

#include "absl/strings/str_cat.h"
#include "common/trace/join.h"

namespace cognate::bus {
namespace {

void Describe(const Job& job, absl::string_view operation, trace::Span& span) {
  if (!span.recorded()) return;
  span.Set("messaging.system", "redis");
  span.Set("messaging.operation.name", operation);
  span.Set("messaging.operation.type", operation);
  span.Set("messaging.destination.name", job.stream);
  if (job.kind != job.stream) span.Set("messaging.destination.template", job.kind);
}

}  // namespace

trace::Span SendSpan(const Job& job, const trace::SpanContext& parent) {
  trace::Span span({absl::StrCat("send ", job.kind), trace::Kind::kProducer, job.service}, parent);
  Describe(job, "send", span);
  return span;
}

trace::Span ProcessSpan(const Job& job, absl::Span<const trace::SpanContext> entries) {
  trace::Span span =
      trace::Join({absl::StrCat("process ", job.kind), trace::Kind::kConsumer, job.service}, entries);
  Describe(job, "process", span);
  span.Set("messaging.batch.message_count", entries.size());
  return span;
}

trace::SpanContext ContextOf(absl::string_view traceparent) {
  return trace::ParseTraceparent(traceparent).value_or(trace::SpanContext());
}

}  // namespace cognate::bus
