#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"
#include "common/codec/php.h"
#include "common/codec/php_cursor.h"
#include "common/status/status_macros.h"

namespace cognate::codec {
namespace {

// Serialized data in a string of serialized data.
constexpr int kMaxWithin = 8;

using Rewrite = absl::FunctionRef<std::string(absl::string_view text, bool is_name)>;

class Rewriter {
 public:
  Rewriter(absl::string_view serialized, int within, Rewrite rewrite)
      : serialized_(serialized), cursor_(serialized), within_(within), rewrite_(rewrite) {}

  absl::StatusOr<std::string> Run() {
    RETURN_IF_ERROR(TakeValue(0));
    if (!cursor_.AtEnd()) return cursor_.Malformed("the end of the text");
    CopyUpTo(cursor_.at());
    return std::move(out_);
  }

 private:
  // What is not rewritten is copied in one piece, when the next string comes.
  void CopyUpTo(size_t at) {
    absl::StrAppend(&out_, serialized_.substr(copied_, at - copied_));
    copied_ = at;
  }

  absl::Status TakeValue(int depth) {
    absl::string_view word;
    int64_t number;
    double real;
    bool truth;
    switch (cursor_.Peek()) {
      case 'N':
        return Taken(cursor_.Take('N') && cursor_.Take(';'));
      case 'b':
        return Taken(cursor_.TakeBool(&truth));
      case 'i':
      case 'r':
      case 'R':
        return Taken(cursor_.TakeType(cursor_.Peek()) && cursor_.TakeInteger(';', &number));
      case 'd':
        return Taken(cursor_.TakeType('d') && cursor_.TakeDouble(';', &real));
      case 'E':
        return Taken(cursor_.TakeType('E') && cursor_.TakeQuoted(&word) && cursor_.Take(';'));
      case 's':
        return TakeString(false, true);
      case 'C':
        return TakeCustom();
      case 'O':
        RETURN_IF_ERROR(Taken(cursor_.TakeType('O') && cursor_.TakeQuoted(&word) && cursor_.Take(':')));
        return TakeEntries(depth, true);
      case 'a':
        RETURN_IF_ERROR(Taken(cursor_.TakeType('a')));
        return TakeEntries(depth, false);
      default:
        return Taken(false);
    }
  }

  absl::Status Taken(bool well_formed) const {
    return well_formed ? absl::OkStatus() : cursor_.Malformed("a value as serialize() writes it");
  }

  absl::Status TakeCustom() {
    absl::string_view name;
    absl::string_view content;
    size_t size;
    return Taken(cursor_.TakeType('C') && cursor_.TakeQuoted(&name) && cursor_.Take(':') &&
                 cursor_.TakeCount(':', &size) && cursor_.Take('{') && cursor_.TakeBytes(size, &content) &&
                 cursor_.Take('}'));
  }

  absl::Status TakeEntries(int depth, bool of_object) {
    if (depth >= kMaxNesting) return cursor_.TooDeep();
    size_t count;
    RETURN_IF_ERROR(Taken(cursor_.TakeCount(':', &count) && cursor_.Take('{')));
    for (size_t i = 0; i < count; ++i) {
      if (cursor_.Peek() == 's') {
        RETURN_IF_ERROR(TakeString(true, !of_object));
      } else {
        int64_t number;
        RETURN_IF_ERROR(Taken(cursor_.TakeType('i') && cursor_.TakeInteger(';', &number)));
      }
      RETURN_IF_ERROR(TakeValue(depth + 1));
    }
    return Taken(cursor_.Take('}'));
  }

  absl::Status TakeString(bool is_name, bool offered) {
    const size_t begin = cursor_.at();
    absl::string_view content;
    RETURN_IF_ERROR(Taken(cursor_.TakeType('s') && cursor_.TakeQuoted(&content) && cursor_.Take(';')));
    if (!offered) return absl::OkStatus();
    const std::string rewritten = Rewritten(content, is_name);
    if (rewritten == content) return absl::OkStatus();
    CopyUpTo(begin);
    absl::StrAppend(&out_, "s:", rewritten.size(), ":\"", rewritten, "\";");
    copied_ = cursor_.at();
    return absl::OkStatus();
  }

  std::string Rewritten(absl::string_view content, bool is_name) {
    if (!is_name && within_ < kMaxWithin && LooksLikePhp(content)) {
      absl::StatusOr<std::string> rewritten = Rewriter(content, within_ + 1, rewrite_).Run();
      if (rewritten.ok()) return *std::move(rewritten);
    }
    return rewrite_(content, is_name);
  }

  const absl::string_view serialized_;
  PhpCursor cursor_;
  const int within_;
  const Rewrite rewrite_;
  std::string out_;
  size_t copied_ = 0;
};

}  // namespace

absl::StatusOr<std::string> RewritePhpStrings(absl::string_view serialized, Rewrite rewrite) {
  return Rewriter(serialized, 0, rewrite).Run();
}

}  // namespace cognate::codec
