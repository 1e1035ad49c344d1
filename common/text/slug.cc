#include "common/text/slug.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "absl/strings/ascii.h"
#include "common/text/code_points.h"

namespace cognate::text {
namespace {

// ICU's time grows with the square of a piece, as every change moves what is after it.
constexpr size_t kPieceBytes = 256;
// How far before its first letter beyond ASCII a piece may begin: a mark belongs to the letter before it.
constexpr size_t kContextBytes = 32;

// One for each thread: it is not thread safe, and takes 30 ms to make.
const icu::Transliterator* ToAscii() {
  static thread_local const std::unique_ptr<icu::Transliterator> transliterator = [] {
    UErrorCode error = U_ZERO_ERROR;
    return std::unique_ptr<icu::Transliterator>(
        icu::Transliterator::createInstance("Any-Latin; NFC; Latin-ASCII", UTRANS_FORWARD, error));
  }();
  return transliterator.get();
}

bool IsAsciiByte(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool IsAsciiWord(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

bool IsUnseen(UChar32 code_point) {
  return (U_GET_GC_MASK(code_point) & (U_GC_M_MASK | U_GC_CF_MASK | U_GC_LM_MASK)) != 0;
}

// Cuts a text into pieces: ASCII alone, or words that have other letters, too.
class Pieces {
 public:
  explicit Pieces(absl::string_view text) : rest_(text) {}

  bool Next(absl::string_view* piece, bool* ascii) {
    if (rest_.empty()) return false;
    const size_t other =
        static_cast<size_t>(std::find_if_not(rest_.begin(), rest_.end(), IsAsciiByte) - rest_.begin());
    size_t begin = other;
    if (other < rest_.size()) {
      while (begin > 0 && other - begin < kContextBytes && IsAsciiWord(rest_[begin - 1])) --begin;
    }
    *ascii = begin > 0;
    const size_t size = *ascii ? begin : EndOfWords();
    *piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  // The end of the words at the front that begin beyond ASCII, or have such a letter soon.
  size_t EndOfWords() const {
    size_t at = 0;
    size_t end = 0;
    while (at < rest_.size()) {
      const size_t before = at;
      const int32_t code_point = NextCodePoint(rest_, &at);
      if (at > kPieceBytes && !(code_point < kFirstBadByte && IsUnseen(code_point) && at < 2 * kPieceBytes))
        return before;
      const bool space = code_point < 0x80 && !IsAsciiWord(static_cast<char>(code_point));
      if (!space) continue;
      end = before;
      if (at < rest_.size() && IsAsciiByte(rest_[at])) return end;
    }
    return rest_.size();
  }

  absl::string_view rest_;
};

// What ICU knows no ASCII for becomes `unknown` (0: nothing); marks and other unseen characters become
// nothing.
void AppendAscii(absl::string_view piece, char unknown, std::string* out) {
  icu::UnicodeString text = icu::UnicodeString::fromUTF8({piece.data(), static_cast<int32_t>(piece.size())});
  if (const icu::Transliterator* to_ascii = ToAscii(); to_ascii != nullptr) to_ascii->transliterate(text);
  for (int32_t i = 0; i < text.length();) {
    const UChar32 code_point = text.char32At(i);
    i += U16_LENGTH(code_point);
    if (code_point < 0x80) {
      out->push_back(static_cast<char>(code_point));
    } else if (unknown != 0 && !IsUnseen(code_point)) {
      out->push_back(unknown);
    }
  }
}

class SlugWriter {
 public:
  SlugWriter(absl::string_view separator, int max_characters)
      : separator_(separator),
        most_(max_characters > 0 ? static_cast<size_t>(max_characters) : std::numeric_limits<size_t>::max()) {
  }

  bool full() const { return count_ >= most_; }

  void Add(absl::string_view ascii) {
    for (const char c : ascii) {
      if (full()) return;
      if (IsAsciiWord(c)) {
        AddLetter(absl::ascii_tolower(static_cast<unsigned char>(c)));
      } else if (c != '\'') {
        parted_ = true;
      }
    }
  }

  std::string Take() { return std::move(slug_); }

 private:
  void AddLetter(char c) {
    if (parted_ && !slug_.empty()) {
      // A separator that no letter can follow would stand at the end.
      const size_t width = CountCodePoints(separator_);
      if (most_ - count_ <= width) {
        count_ = most_;
        return;
      }
      slug_.append(separator_.data(), separator_.size());
      count_ += width;
    }
    parted_ = false;
    slug_.push_back(c);
    ++count_;
  }

  const absl::string_view separator_;
  const size_t most_;
  size_t count_ = 0;
  bool parted_ = false;
  std::string slug_;
};

}  // namespace

std::string Transliterate(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  absl::string_view piece;
  bool ascii;
  for (Pieces pieces(text); pieces.Next(&piece, &ascii);) {
    if (ascii) {
      out.append(piece.data(), piece.size());
    } else {
      AppendAscii(piece, '\0', &out);
    }
  }
  return out;
}

std::string Slug(absl::string_view text, absl::string_view separator, int max_characters) {
  SlugWriter writer(separator, max_characters);
  absl::string_view piece;
  bool ascii;
  std::string transliterated;
  for (Pieces pieces(text); !writer.full() && pieces.Next(&piece, &ascii);) {
    if (ascii) {
      writer.Add(piece);
      continue;
    }
    transliterated.clear();
    AppendAscii(piece, ' ', &transliterated);
    // ICU writes soft signs and glottal stops as several kinds of apostrophes; ’ is one, too.
    writer.Add(transliterated);
  }
  return writer.Take();
}

}  // namespace cognate::text
