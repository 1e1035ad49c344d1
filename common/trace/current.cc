#include "common/trace/current.h"

#include <atomic>

namespace cognate::trace {
namespace {

constinit thread_local Current* current = nullptr;
std::atomic<bool> is_serving = false;

}  // namespace

const Current& Now() {
  static constexpr Current kNothing;
  return current == nullptr ? kNothing : *current;
}

Scope::Scope(const SpanContext& span, absl::string_view request_id, absl::string_view service)
    : current_{span, request_id, service, {}}, before_(current) {
  if (before_ != nullptr) {
    if (!current_.span.valid()) current_.span = before_->span;
    if (request_id.empty()) current_.request_id = before_->request_id;
    if (service.empty()) current_.service = before_->service;
  }
  current = &current_;
}

Scope::~Scope() {
  current = before_;
  if (before_ != nullptr && current_.answer.valid()) before_->answer = current_.answer;
}

void Answer(const SpanContext& span) {
  if (current != nullptr) current->answer = span;
}

std::optional<SpanContext> Outgoing() {
  if (Now().span.valid()) return Now().span;
  if (!is_serving.load(std::memory_order_relaxed)) return std::nullopt;
  return NewContext(/*sampled=*/false);
}

void SetServing(bool serving) { is_serving = serving; }

}  // namespace cognate::trace
