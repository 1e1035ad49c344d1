// Compiled patterns of one interpreter. They say nothing of the records that they were used for.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "re2/re2.h"

namespace cognate::script {

inline constexpr size_t kMaxPatternBytes = 4 << 10;
inline constexpr int kMaxPatternGroups = 31;

class PatternCache {
 public:
  // nullptr: `*error` says why it is none. Valid until eight other patterns were asked for.
  const re2::RE2* Find(absl::string_view pattern, std::string* error);

 private:
  struct Entry {
    std::string pattern;
    std::unique_ptr<re2::RE2> compiled;
  };
  std::array<Entry, 8> entries_;
  size_t next_ = 0;
};

}  // namespace cognate::script
