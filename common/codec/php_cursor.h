// Steps through what serialize() wrote, for the library's own sources.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cognate::codec {

// `0.5`, `1.0E+25`, `-INF`, `NAN`.
bool ParsePhpDouble(absl::string_view word, double* number);

class PhpCursor {
 public:
  explicit PhpCursor(absl::string_view text) : text_(text) {}

  size_t at() const { return at_; }
  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  // Whether there is a `type:`, which is then taken.
  bool TakeType(char type);
  bool Take(char c);
  // Up to `end`, which is taken, too; at most 400 bytes.
  bool TakeUpTo(char end, absl::string_view* word);
  // An integer that is followed by `end`, which is taken, too.
  bool TakeInteger(char end, int64_t* number);
  // `b:0;` or `b:1;`.
  bool TakeBool(bool* truth);
  bool TakeDouble(char end, double* number);
  // An integer for what is neither negative nor more than what is left of the text.
  bool TakeCount(char end, size_t* count);
  bool TakeBytes(size_t count, absl::string_view* bytes);
  // `5:"hello"`: the content, with its length, of a string whose type is taken already.
  bool TakeQuoted(absl::string_view* content);
  // `O:`, `C:`, `E:`, `r:` or `R:` as PHP would write it up to its first part.
  bool AtObject() const;

  // NOT_ENCODED at the place at hand.
  absl::Status Malformed(absl::string_view want) const;
  absl::Status TooDeep() const;

 private:
  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace cognate::codec
