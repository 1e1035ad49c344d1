// What this thread is at work on: for what it logs, and for what it asks others to do.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "common/trace/context.h"

namespace cognate::trace {

struct Current {
  SpanContext span = {};
  absl::string_view request_id = {};
  absl::string_view service = {};  // whose work it is; several share a process
  // What the caller is to continue with, instead of its own span (Scope::Answer).
  SpanContext answer = {};
};

// Nothing is current: an object whose parts are all empty.
const Current& Now();

// Makes something current until it goes; scopes of a thread end in the reverse order. What is given outlives
// it. Costs a few assignments.
class Scope {
 public:
  // Parts that are empty are taken from what was current before.
  explicit Scope(const SpanContext& span, absl::string_view request_id = {}, absl::string_view service = {});
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  const SpanContext& answer() const { return current_.answer; }

 private:
  Current current_;
  Current* const before_;
};

// Within a call: what the caller is given is part of this, and its answer continues it.
void Answer(const SpanContext& span);

// What goes along with a call to another process. Without a current span: nothing in programs that call for
// somebody; in services an unsampled one, since what they do by themselves, all day, is nothing to follow.
std::optional<SpanContext> Outgoing();
// Said once by programs that serve.
void SetServing(bool serving);

}  // namespace cognate::trace
