#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/nesting.h"
#include "common/codec/value_path.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"

namespace cognate::codec {
namespace {

constexpr size_t kMostPlaceDigits = 7;
constexpr absl::string_view kNameMarks = "_-$@:/";

bool IsNamePart(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 ||
         kNameMarks.find(c) != absl::string_view::npos;
}

}  // namespace

class ValuePath::Parser {
 public:
  explicit Parser(absl::string_view path) : path_(path) {}

  absl::StatusOr<ValuePath> Run() {
    if (!value::CharacterCount(path_).has_value()) return Wanted("a path in UTF-8 without NUL characters");
    parsed_.text_ = std::string(path_);
    RETURN_IF_ERROR(TakeFirst());
    while (at_ < path_.size()) {
      if (Take("[")) {
        RETURN_IF_ERROR(TakeBracket());
      } else if (Take(".")) {
        RETURN_IF_ERROR(TakeNameOrStar());
      } else {
        return Wanted("\".\" or \"[\" after a step");
      }
      if (parsed_.steps_.size() > kMaxNesting) return Wanted(absl::StrCat("at most ", kMaxNesting, " steps"));
    }
    return std::move(parsed_);
  }

 private:
  absl::Status Wanted(absl::string_view want) const {
    return absl::InvalidArgumentError(absl::StrCat("got the path \"", path_.substr(0, 200), "\", want ", want,
                                                   " at byte ", at_,
                                                   "; such as address.lines[0] or meta[\"first name\"]"));
  }

  bool Take(absl::string_view text) {
    if (path_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }

  void Add(StepKind kind, std::string name = {}, int place = 0) {
    parsed_.has_wildcards_ |= kind == StepKind::kEveryPlace || kind == StepKind::kEveryName;
    parsed_.appends_ |= kind == StepKind::kAfterLast;
    parsed_.steps_.push_back({kind, std::move(name), place});
  }

  absl::Status TakeFirst() { return Take("[") ? TakeBracket() : TakeNameOrStar(); }

  absl::Status TakeNameOrStar() {
    if (Take("*")) return Add(StepKind::kEveryName), absl::OkStatus();
    const size_t begin = at_;
    while (at_ < path_.size() && IsNamePart(path_[at_])) ++at_;
    if (at_ == begin) return Wanted("a name (others than of letters, digits and _-$@:/ in [\"…\"])");
    Add(StepKind::kName, std::string(path_.substr(begin, at_ - begin)));
    return absl::OkStatus();
  }

  // After the `[`.
  absl::Status TakeBracket() {
    if (Take("*]")) return Add(StepKind::kEveryPlace), absl::OkStatus();
    if (Take("-]")) return Add(StepKind::kAfterLast), absl::OkStatus();
    if (Take("\"")) return TakeQuoted('"');
    if (Take("'")) return TakeQuoted('\'');
    const size_t end = path_.find(']', at_);
    const absl::string_view digits = path_.substr(at_, end == absl::string_view::npos ? end : end - at_);
    int place;
    if (end == absl::string_view::npos || digits.empty() || digits.size() > kMostPlaceDigits ||
        digits.find_first_not_of("0123456789") != absl::string_view::npos ||
        !absl::SimpleAtoi(digits, &place)) {
      return Wanted("a place such as [0], [-], [*] or a name in quotes");
    }
    at_ = end + 1;
    return Add(StepKind::kPlace, {}, place), absl::OkStatus();
  }

  absl::Status TakeQuoted(char quote) {
    std::string name;
    for (; at_ < path_.size() && path_[at_] != quote; ++at_) {
      if (path_[at_] == '\\' && at_ + 1 < path_.size()) ++at_;
      name.push_back(path_[at_]);
    }
    if (at_ >= path_.size()) return Wanted("a quote at the end of a name");
    ++at_;
    if (!Take("]")) return Wanted("\"]\" after a name in quotes");
    return Add(StepKind::kName, std::move(name)), absl::OkStatus();
  }

  const absl::string_view path_;
  size_t at_ = 0;
  ValuePath parsed_;
};

absl::StatusOr<ValuePath> ValuePath::Parse(absl::string_view path) { return Parser(path).Run(); }

}  // namespace cognate::codec
