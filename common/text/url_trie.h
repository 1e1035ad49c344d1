// Finds the longest of many URLs at one place, for url_rewriter.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace cognate::text {

// How the URL at hand is written: plainly, with backslashes before its slashes, or percent-encoded.
struct UrlStyle {
  size_t backslashes = 0;
  bool percent = false;
  size_t times = 0;    // how often its percent signs are encoded again: 1 for `%252F`
  bool large = false;  // `%2F` rather than `%2f`

  // A character as this style writes it.
  void Append(char c, std::string* out) const;
};

// One character, read through the escapes of a style.
struct UrlCharacter {
  int32_t code_point;  // kNone at the end of the text
  size_t bytes;
  static constexpr int32_t kNone = -1;
};

class UrlTrie {
 public:
  struct Match {
    int rule = -1;  // none
    size_t end = 0;
  };

  // `url` is `host[:port][/path]`. False if it is there already.
  bool Add(absl::string_view url, int rule);
  // The longest that begins at `at` and is whole there.
  Match Find(absl::string_view text, size_t at, const UrlStyle& style) const;

 private:
  absl::flat_hash_map<uint64_t, uint32_t> children_;  // by node and byte
  std::vector<int> rules_ = {-1};                     // by node
};

// Reads `%` `25`… XX at `at`, for any number of `25`s: gives the byte, its length and the style; false if it
// is none.
bool ReadPercent(absl::string_view text, size_t at, UrlStyle* style, UrlCharacter* character);

}  // namespace cognate::text
