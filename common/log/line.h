#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/log/log.h"
#include "common/trace/context.h"

// How an event is written as a line; the pure half of log.h.
namespace cognate::log {

struct Event {
  absl::Time time;
  Level level;
  absl::string_view message;
  absl::string_view service;  // Added unless a field names one, or empty.
  // What its thread is at work on (common/trace); added unless a field says it, or there is nothing.
  trace::SpanContext trace;
  absl::string_view request_id;
  absl::Span<const Field> fields;
  int64_t repeated = 0;  // How many like it were not written before it.
};

absl::string_view LevelName(Level level);
// `2026-01-02T03:04:05.678Z info message key=value key="two words"`
std::string TextLine(const Event& event);
// `{"time":"…","level":"info","message":"…","key":"value"}`
std::string JsonLine(const Event& event);

// What makes two warnings the same one: message and the fields that say where, not which call or how long.
std::string RepeatKey(Level level, absl::string_view message, absl::Span<const Field> fields);
// These fields, with values as they may be shown.
std::vector<std::pair<std::string, std::string>> PlacesOf(absl::Span<const Field> fields);

}  // namespace cognate::log
