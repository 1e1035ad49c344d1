#include "common/script/pattern_cache.h"

#include "absl/strings/str_cat.h"

namespace cognate::script {
namespace {

constexpr int64_t kMaxCompiledBytes = 512 << 10;

}  // namespace

const re2::RE2* PatternCache::Find(absl::string_view pattern, std::string* error) {
  for (const Entry& entry : entries_) {
    if (entry.compiled != nullptr && entry.pattern == pattern) return entry.compiled.get();
  }
  if (pattern.size() > kMaxPatternBytes) {
    *error = absl::StrCat("got a pattern of ", pattern.size(), " bytes, want at most ", kMaxPatternBytes);
    return nullptr;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxCompiledBytes);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    *error = absl::StrCat("got the pattern \"", pattern,
                          "\", want RE2 syntax, not Lua's (\\d, not %d): ", compiled->error());
    return nullptr;
  }
  if (compiled->NumberOfCapturingGroups() > kMaxPatternGroups) {
    *error = absl::StrCat("got a pattern of ", compiled->NumberOfCapturingGroups(), " groups, want at most ",
                          kMaxPatternGroups, "; write (?:…) for groups that need not be captured");
    return nullptr;
  }
  Entry& entry = entries_[next_];
  next_ = (next_ + 1) % entries_.size();
  entry.pattern = std::string(pattern);
  entry.compiled = std::move(compiled);
  return entry.compiled.get();
}

}  // namespace cognate::script
