#include "common/trace/span.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/trace/span_queue.h"

namespace cognate::trace {
namespace {

constexpr size_t kMaxAttributes = 32;
constexpr size_t kMaxLinks = 64;
constexpr size_t kMaxText = 512;  // bytes; a character that is cut is replaced when it is written

}  // namespace

Span::Span(const SpanStart& start, const SpanContext& parent) : context_(parent) {
  const bool is_root = !parent.valid();
  const bool is_recording = SpanQueue::The().recording();
  if (is_root) {
    context_ = NewContext(false);
    context_.sampled = is_recording && InRatio(context_, SpanQueue::The().ratio());
  }
  if (!is_recording || !context_.sampled) return;
  record_ = std::make_unique<SpanRecord>();
  if (!is_root) context_.span = NewSpanId();
  record_->context = context_;
  record_->parent = is_root ? 0 : parent.span;
  record_->name = std::string(start.name);
  record_->service = std::string(start.service.empty() ? Now().service : start.service);
  record_->kind = start.kind;
  record_->start_ns = absl::GetCurrentTimeNanos();
}

void Span::Rename(absl::string_view name) {
  if (record_ != nullptr) record_->name = std::string(name);
}

void Span::Add(absl::string_view key, AttributeValue value) {
  if (record_->attributes.size() < kMaxAttributes)
    record_->attributes.emplace_back(std::string(key), std::move(value));
}

void Span::Set(absl::string_view key, absl::string_view value) {
  if (record_ != nullptr) Add(key, std::string(value.substr(0, kMaxText)));
}
void Span::Set(absl::string_view key, int64_t value) {
  if (record_ != nullptr) Add(key, value);
}
void Span::Set(absl::string_view key, bool value) {
  if (record_ != nullptr) Add(key, value);
}

void Span::Link(const SpanContext& other) {
  if (record_ != nullptr && other.valid() && record_->links.size() < kMaxLinks)
    record_->links.push_back(other);
}

void Span::Fail(absl::string_view error) {
  if (record_ == nullptr) return;
  record_->has_failed = true;
  record_->error = std::string(error.substr(0, kMaxText));
}

void Span::Fail(const absl::Status& status) {
  if (record_ == nullptr || status.ok()) return;
  Fail(absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message()));
}

void Span::Finish() {
  record_->end_ns = absl::GetCurrentTimeNanos();
  SpanQueue::The().Offer(*std::move(record_));
  record_.reset();
}

}  // namespace cognate::trace
