// A piece of work with a beginning and an end, as it is shown to whoever follows a trace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/trace/context.h"
#include "common/trace/current.h"

namespace cognate::trace {

// As numbered by OTLP.
enum class Kind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

using AttributeValue = std::variant<std::string, int64_t, bool>;

// What is known of a span at its end.
struct SpanRecord {
  SpanContext context;
  uint64_t parent = 0;  // 0: it is its trace's first
  std::string name;
  std::string service;  // "change_capture"
  Kind kind = Kind::kInternal;
  int64_t start_ns = 0;  // since 1970
  int64_t end_ns = 0;
  std::vector<std::pair<std::string, AttributeValue>> attributes;
  std::vector<SpanContext> links;
  bool has_failed = false;
  std::string error;
};

struct SpanStart {
  absl::string_view name;  // one of few: never an id
  Kind kind = Kind::kInternal;
  absl::string_view service = {};  // that of what is current, unless given
};

// Where nothing is exported, or its trace is not sampled, it is its parent's context and nothing else: no
// allocation, no clock. Not thread safe; may be moved to another thread. Ends when it goes.
class Span {
 public:
  Span() = default;
  // Begins now, under `parent`; as a new trace where that is not valid, sampled as the process says.
  Span(const SpanStart& start, const SpanContext& parent);
  // Under what is current.
  explicit Span(const SpanStart& start) : Span(start, Now().span) {}
  Span(Span&& other) noexcept : context_(other.context_), record_(std::move(other.record_)) {}
  Span& operator=(Span&& other) noexcept {
    End();
    context_ = other.context_;
    record_ = std::move(other.record_);
    return *this;
  }
  ~Span() { End(); }

  // Where the name is known only later.
  void Rename(absl::string_view name);

  // Of what follows from it.
  const SpanContext& context() const { return context_; }
  bool recorded() const { return record_ != nullptr; }

  // Nothing unless recorded; what is too much or too long is left out.
  void Set(absl::string_view key, absl::string_view value);
  void Set(absl::string_view key, const char* value) { Set(key, absl::string_view(value)); }
  void Set(absl::string_view key, const std::string& value) { Set(key, absl::string_view(value)); }
  void Set(absl::string_view key, int64_t value);
  void Set(absl::string_view key, int value) { Set(key, static_cast<int64_t>(value)); }
  void Set(absl::string_view key, size_t value) { Set(key, static_cast<int64_t>(value)); }
  void Set(absl::string_view key, bool value);
  void Link(const SpanContext& other);
  void Fail(absl::string_view error);
  void Fail(const absl::Status& status);  // nothing where it is OK

  void End() {
    if (record_ != nullptr) Finish();
  }

 private:
  void Add(absl::string_view key, AttributeValue value);
  void Finish();

  SpanContext context_;
  std::unique_ptr<SpanRecord> record_;
};

}  // namespace cognate::trace
