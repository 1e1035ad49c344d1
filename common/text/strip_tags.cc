#include "common/text/strip_tags.h"

#include <algorithm>
#include <iterator>

#include <unicode/utf8.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/text/html_entities.h"

namespace cognate::text {
namespace {

constexpr size_t kEnd = absl::string_view::npos;
constexpr absl::string_view kSpaces = " \t\n\r\f";

bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }
bool IsSpace(char c) { return kSpaces.find(c) != kEnd; }

// Sorted.
constexpr absl::string_view kBlocks[] = {
    "address",    "article", "aside",  "blockquote", "body",  "br",   "caption", "center",
    "dd",         "details", "dialog", "dir",        "div",   "dl",   "dt",      "fieldset",
    "figcaption", "figure",  "footer", "form",       "h1",    "h2",   "h3",      "h4",
    "h5",         "h6",      "header", "hgroup",     "hr",    "html", "legend",  "li",
    "main",       "menu",    "nav",    "ol",         "p",     "pre",  "section", "summary",
    "table",      "tbody",   "tfoot",  "thead",      "title", "tr",   "ul"};
constexpr absl::string_view kCells[] = {"option", "td", "th"};
static_assert(std::is_sorted(std::begin(kBlocks), std::end(kBlocks)));

template <size_t kSize>
bool IsOneOf(absl::string_view name, const absl::string_view (&names)[kSize]) {
  return std::binary_search(std::begin(names), std::end(names), name);
}

class Stripper {
 public:
  explicit Stripper(absl::string_view html) : rest_(html) { out_.reserve(html.size()); }

  std::string Run() {
    while (!rest_.empty()) {
      const size_t special = std::min(rest_.find_first_of("<&"), rest_.size());
      AddText(rest_.substr(0, special));
      rest_.remove_prefix(special);
      if (rest_.empty()) break;
      if (rest_[0] == '&' ? TakeEntity() : TakeMarkup()) continue;
      AddText(rest_.substr(0, 1));
      rest_.remove_prefix(1);
    }
    return std::move(out_);
  }

 private:
  enum class Break { kNone, kSpace, kLine };

  void AddBreak(Break wanted) { pending_ = std::max(pending_, wanted); }

  // A break is met by white space of the text's own on either side.
  void AddText(absl::string_view text) {
    if (text.empty()) return;
    if (pending_ == Break::kLine) {
      const size_t first = std::min(text.find_first_not_of(kSpaces), text.size());
      const bool met = text.substr(0, first).find('\n') != kEnd || EndsWithLineBreak();
      if (!met) out_.push_back('\n');
    } else if (pending_ == Break::kSpace && !out_.empty() && !IsSpace(out_.back()) && !IsSpace(text[0])) {
      out_.push_back(' ');
    }
    pending_ = Break::kNone;
    out_.append(text.data(), text.size());
    blank_ = std::all_of(text.begin(), text.end(), IsSpace) ? blank_ || text.find('\n') != kEnd
                                                            : AfterLastLetter(text).find('\n') != kEnd;
  }
  static absl::string_view AfterLastLetter(absl::string_view text) {
    return text.substr(text.find_last_not_of(kSpaces) + 1);
  }
  bool EndsWithLineBreak() const { return out_.empty() || blank_; }

  // `<…` if it is markup.
  bool TakeMarkup() {
    if (absl::StartsWith(rest_, "<!--")) return TakeComment();
    if (absl::StartsWith(rest_, "<!")) return TakeUpTo(">", 2);
    if (absl::StartsWith(rest_, "<?")) return TakeUpTo("?>", 2);
    const bool closing = absl::StartsWith(rest_, "</");
    const size_t name_begin = closing ? 2 : 1;
    if (rest_.size() <= name_begin || !IsLetter(rest_[name_begin])) return false;
    const std::string name = TakeTag(name_begin);
    if (IsOneOf(name, kBlocks)) AddBreak(Break::kLine);
    if (IsOneOf(name, kCells)) AddBreak(Break::kSpace);
    if (!closing && (name == "script" || name == "style")) TakeRawText(name);
    return true;
  }

  bool TakeComment() {
    // `<!-->` and `<!--->` are whole.
    if (absl::StartsWith(rest_, "<!-->")) return rest_.remove_prefix(5), true;
    if (absl::StartsWith(rest_, "<!--->")) return rest_.remove_prefix(6), true;
    return TakeUpTo("-->", 4);
  }

  bool TakeUpTo(absl::string_view end, size_t from) {
    const size_t found = rest_.find(end, from);
    rest_.remove_prefix(found == kEnd ? rest_.size() : found + end.size());
    return true;
  }

  // Gives the name in lower case, cut where none that is known is as long.
  std::string TakeTag(size_t at) {
    const size_t name_end = std::min(rest_.find_first_of(" \t\n\r\f/>", at), rest_.size());
    std::string name = absl::AsciiStrToLower(rest_.substr(at, std::min<size_t>(name_end - at, 16)));
    bool value_begins = false;
    for (at = name_end; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (c == '>') break;
      if ((c == '"' || c == '\'') && value_begins) {
        at = rest_.find(c, at + 1);
        if (at == kEnd) break;
      }
      if (!IsSpace(c)) value_begins = c == '=';
    }
    rest_.remove_prefix(at >= rest_.size() ? rest_.size() : at + 1);
    return name;
  }

  // The content of a script up to its end tag.
  void TakeRawText(absl::string_view name) {
    for (size_t at = 0; (at = rest_.find("</", at)) != kEnd; at += 2) {
      const absl::string_view tag = rest_.substr(at + 2);
      if (!absl::StartsWithIgnoreCase(tag, name)) continue;
      if (tag.size() > name.size() && !IsSpace(tag[name.size()]) && tag[name.size()] != '/' &&
          tag[name.size()] != '>') {
        continue;
      }
      return rest_.remove_prefix(at);
    }
    rest_ = {};
  }

  // `&…;` if it is an entity.
  bool TakeEntity() {
    if (absl::StartsWith(rest_, "&#")) return TakeNumber();
    size_t end = 1;
    while (end < rest_.size() && end <= kLongestEntityName &&
           absl::ascii_isalnum(static_cast<unsigned char>(rest_[end]))) {
      ++end;
    }
    if (end >= rest_.size() || rest_[end] != ';') return false;
    const int32_t code_point = NamedEntity(rest_.substr(1, end - 1));
    if (code_point == 0) return false;
    AddCodePoint(code_point);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool TakeNumber() {
    const bool hexadecimal = rest_.size() > 2 && (rest_[2] == 'x' || rest_[2] == 'X');
    const size_t begin = hexadecimal ? 3 : 2;
    const int base = hexadecimal ? 16 : 10;
    int64_t number = 0;
    size_t end = begin;
    for (; end < rest_.size(); ++end) {
      const auto c = static_cast<unsigned char>(rest_[end]);
      if (hexadecimal ? !absl::ascii_isxdigit(c) : !absl::ascii_isdigit(c)) break;
      const int digit = c <= '9' ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
      number = std::min<int64_t>(number * base + digit, 0x110000);
    }
    if (end == begin || end >= rest_.size() || rest_[end] != ';') return false;
    AddCodePoint(NumericEntity(number));
    rest_.remove_prefix(end + 1);
    return true;
  }

  void AddCodePoint(int32_t code_point) {
    char bytes[U8_MAX_LENGTH];
    size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, code_point);
    AddText(absl::string_view(bytes, length));
  }

  absl::string_view rest_;
  std::string out_;
  Break pending_ = Break::kNone;
  bool blank_ = false;  // whether what was written ends with a line break, and spaces behind it
};

}  // namespace

std::string StripTags(absl::string_view html) { return Stripper(html).Run(); }

}  // namespace cognate::text
