// A collector of traces: takes OTLP over HTTP as JSON, on a port of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cognate::test_support {

struct ReceivedSpan {
  std::string trace_id;
  std::string span_id;
  std::string parent_id;  // empty: it is the first
  std::string name;
  int kind = 0;
  std::string service;
  std::string error;                              // of its status; empty: none
  std::map<std::string, std::string> attributes;  // as texts
  std::vector<std::string> links;                 // ids of spans
};

class OtlpReceiver {
 public:
  enum class Mood {
    kTakes,
    kRefuses,      // 400
    kOverloaded,   // 503
    kSlow,         // answers after a second
    kNeverAnswers  // until this object goes
  };

  explicit OtlpReceiver(Mood mood = Mood::kTakes);
  ~OtlpReceiver();

  std::string endpoint() const;  // "http://127.0.0.1:4711"
  void SetMood(Mood mood);

  std::vector<ReceivedSpan> spans() const;
  std::vector<ReceivedSpan> SpansOf(absl::string_view trace_id) const;
  // The first span that was received with this name.
  std::optional<ReceivedSpan> Find(absl::string_view name) const;
  int requests() const;
  // What was wrong with requests, in words; empty: nothing.
  std::string faults() const;
  // Of the last request; names in lower case.
  std::map<std::string, std::string> headers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cognate::test_support
