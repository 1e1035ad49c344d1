// The text of a condition, taken apart into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::condition {

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kName, kText, kNumber, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;          // kName, kText: what stands between the quotes; else as it is written
  absl::string_view source;  // as it is written
  size_t offset = 0;

  bool Is(Kind wanted, absl::string_view wanted_text) const { return kind == wanted && text == wanted_text; }
  bool IsWord(absl::string_view word) const { return Is(Kind::kWord, word); }
  bool IsSymbol(absl::string_view symbol) const { return Is(Kind::kSymbol, symbol); }
};

// INVALID_ARGUMENT `column 12: …`, where the column is that of the byte at `offset`, counted in code points
// from 1.
absl::Status ErrorAt(absl::string_view text, size_t offset, absl::string_view message);

// For "got …": `"=>"`, `the text 'a'`, `the end`; cut to a readable length.
std::string Shown(const Token& token);

// The last one is kEnd. The sources point into `text`.
absl::StatusOr<std::vector<Token>> TakeApart(absl::string_view text);

// Whether a field of this name needs no backticks; and the name as it must be written.
bool IsPlainName(absl::string_view name);
std::string WrittenName(absl::string_view name);

}  // namespace cognate::condition
