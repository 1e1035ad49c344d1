// Small pieces of sentences.
#pragma once

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cognate/v1/outcome.pb.h"
#include "common/clock/time_proto.h"

namespace cognate::feedback {

inline std::string At(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}
inline std::string At(const google::protobuf::Timestamp& time) { return At(ToTime(time)); }

// The message, or at least the reason, as the end of a sentence.
inline std::string Why(const v1::OutcomeError& error) {
  std::string why = error.message().empty() ? error.reason() : error.message();
  if (why.empty()) why = "no reason was given";
  if (!error.field().empty()) absl::StrAppend(&why, " (field ", error.field(), ")");
  return why;
}

// With its full stop.
inline std::string Stop(std::string sentence) {
  if (sentence.empty() || sentence.back() != '.') sentence += '.';
  return sentence;
}

inline std::string Times(int count) { return count == 1 ? "once" : absl::StrCat(count, " times"); }

}  // namespace cognate::feedback
