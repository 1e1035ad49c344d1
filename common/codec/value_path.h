// Places within lists and maps: `address.lines[0]`, `meta["first name"]`, `items[*].product`,
// `by_country.*.id`, `tags[-]`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"

namespace cognate::codec {

// Immutable, so thread safe.
class ValuePath {
 public:
  // A path begins with a name, or with brackets, and has 1 to 64 steps:
  //   name    letters, digits, `_`, `-`, `$`, `@`, `:`, `/`, and everything beyond ASCII; after the first
  //   with a `.` before it
  //   ["…"]   any name (`['…']` as well); `\"`, `\'` and `\\` stand for themselves
  //   [0]     a place in a list, from 0
  //   [-]     one place after the last
  //   [*]     every place of a list       .*   every name of a map (at the beginning `*`)
  // INVALID_ARGUMENT says at which byte, and what is wanted there.
  static absl::StatusOr<ValuePath> Parse(absl::string_view path);

  // nullptr where the path leads nowhere, which one with wildcards or `[-]` always does.
  const v1::Value* Get(const v1::Value& root) const;

  // Puts `value` at the path; missing and NULL values on the way become maps and lists. An empty list becomes
  // a map where a name is put into it: PHP has one array for both. Nothing is changed where it fails:
  // FAILED_PRECONDITION, another value is in the way; OUT_OF_RANGE, a place beyond the one after a list's
  // last, or nesting deeper than 64; INVALID_ARGUMENT, the path has wildcards.
  absl::Status Set(v1::Value* root, const v1::Value& value) const;

  // Every value that the path leads to, in order; none is fine. Ends with the first error of `visit`, and
  // returns it.
  absl::Status ForEach(v1::Value* root, absl::FunctionRef<absl::Status(v1::Value*)> visit) const;

  bool has_wildcards() const { return has_wildcards_; }
  // Whether `[-]` is in it: then it is one to set alone.
  bool appends() const { return appends_; }
  // Whether the root is a map; else it is a list.
  bool begins_with_name() const {
    return !steps_.empty() &&
           (steps_.front().kind == StepKind::kName || steps_.front().kind == StepKind::kEveryName);
  }
  // As it was parsed.
  const std::string& text() const { return text_; }

 private:
  enum class StepKind { kName, kPlace, kAfterLast, kEveryPlace, kEveryName };
  struct Step {
    StepKind kind;
    std::string name = {};
    int place = 0;
  };
  class Parser;

  absl::Status Fits(const v1::Value& root, const v1::Value& value) const;
  absl::Status Visit(v1::Value* value, size_t step, absl::FunctionRef<absl::Status(v1::Value*)> visit) const;

  std::string text_;
  std::vector<Step> steps_;
  bool has_wildcards_ = false;
  bool appends_ = false;
};

}  // namespace cognate::codec
