#include "common/text/url_rewriter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "common/text/url_trie.h"

namespace cognate::text {
namespace {

constexpr size_t kEnd = absl::string_view::npos;
constexpr size_t kLongestScheme = 32;
constexpr absl::string_view kKnownSchemes[] = {"https", "http", "ftps", "ftp", "wss", "ws"};

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }
bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }
bool IsSchemePart(char c) { return IsAlnum(c) || c == '+' || c == '-' || c == '.'; }

// What a URL becomes.
struct Target {
  std::string scheme;  // empty: as it is found
  std::string url;     // host[:port][/path]
};

absl::Status Malformed(size_t index, absl::string_view side, absl::string_view got, absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat("rewrites[", index, "].", side, ": got \"", got, "\", want ", want));
}

bool IsHost(absl::string_view host) {
  return !host.empty() && host.front() != '.' && host.back() != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return IsAlnum(c) || c == '-' || c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
         });
}

bool IsPort(absl::string_view port) {
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsPath(absl::string_view path) {
  return !absl::StrContains(path, "//") && std::all_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '\x7f' &&
           absl::string_view("?#\"'\\<>`").find(c) == kEnd;
  });
}

// `Host[:port][/path][/]` with its host in lower case and without a slash at the end.
absl::StatusOr<std::string> NormalUrl(size_t index, absl::string_view side, absl::string_view url) {
  const absl::string_view whole = url;
  absl::ConsumeSuffix(&url, "/");
  const absl::string_view authority = url.substr(0, url.find('/'));
  const absl::string_view host = authority.substr(0, authority.find(':'));
  const absl::string_view path = url.substr(authority.size());
  if (!IsHost(host) || (host.size() < authority.size() && !IsPort(authority.substr(host.size() + 1))) ||
      !IsPath(path)) {
    return Malformed(index, side, whole,
                     "a host with an optional port and path, such as \"blog.example.org/old\"");
  }
  return absl::StrCat(side == "from" ? absl::AsciiStrToLower(authority) : std::string(authority), path);
}

absl::StatusOr<Target> ParseTarget(size_t index, absl::string_view to) {
  Target target;
  const size_t separator = to.find("://");
  if (separator != kEnd) {
    target.scheme = std::string(to.substr(0, separator));
    if (target.scheme.empty() || target.scheme.size() > kLongestScheme || !IsLetter(target.scheme[0]) ||
        !std::all_of(target.scheme.begin(), target.scheme.end(), IsSchemePart)) {
      return Malformed(index, "to", to, "a scheme of letters before \"://\", such as \"https\"");
    }
    to.remove_prefix(separator + 3);
  }
  ASSIGN_OR_RETURN(target.url, NormalUrl(index, "to", to));
  return target;
}

// The two slashes before a host.
struct Slashes {
  size_t begin = 0;
  size_t end = 0;
  UrlStyle style;
};

// Finds `//` in every style, in one pass.
class Scanner {
 public:
  explicit Scanner(absl::string_view text) : text_(text) {}

  void Skip(size_t to) { at_ = std::max(at_, to); }

  bool Next(Slashes* slashes) {
    while (true) {
      if (slash_ < at_ || !found_) slash_ = std::min(text_.find('/', at_), text_.size());
      if (percent_ < at_ || !found_) percent_ = std::min(text_.find('%', at_), text_.size());
      found_ = true;
      const size_t place = std::min(slash_, percent_);
      if (place >= text_.size()) return false;
      if (slash_ < percent_ ? TakePlain(place, slashes) : TakePercent(place, slashes)) return true;
    }
  }

 private:
  bool TakePlain(size_t place, Slashes* slashes) {
    const size_t second = std::min(text_.find_first_not_of('\\', place + 1), text_.size());
    const size_t backslashes = second - place - 1;
    at_ = second > place + 1 ? second : place + 1;
    if (second == text_.size() || text_[second] != '/' || place < backslashes) return false;
    const absl::string_view before = text_.substr(place - backslashes, backslashes);
    if (before.find_first_not_of('\\') != kEnd) return false;
    *slashes = {place - backslashes, second + 1, {.backslashes = backslashes}};
    return true;
  }

  bool TakePercent(size_t place, Slashes* slashes) {
    UrlStyle style;
    UrlStyle second_style;
    UrlCharacter character;
    at_ = place + 1;
    if (!ReadPercent(text_, place, &style, &character) || character.code_point != '/') return false;
    const size_t second = place + character.bytes;
    at_ = second;
    if (second >= text_.size() || text_[second] != '%' ||
        !ReadPercent(text_, second, &second_style, &character) || character.code_point != '/' ||
        second_style.times != style.times) {
      return false;
    }
    *slashes = {place, second + character.bytes, style};
    return true;
  }

  const absl::string_view text_;
  size_t at_ = 0;
  size_t slash_ = 0;
  size_t percent_ = 0;
  bool found_ = false;
};

// Where the scheme's colon begins that ends at `end`; kEnd if there is none.
size_t ColonBefore(absl::string_view text, size_t end, const UrlStyle& style) {
  if (end > 0 && text[end - 1] == ':') return end - 1;
  const size_t bytes = 3 + 2 * style.times;
  UrlStyle found;
  UrlCharacter character;
  if (!style.percent || end < bytes || text[end - bytes] != '%' ||
      !ReadPercent(text, end - bytes, &found, &character) || character.code_point != ':' ||
      character.bytes != bytes) {
    return kEnd;
  }
  return end - bytes;
}

// Where the scheme begins that ends at `end`, not before `floor`; kEnd if there is none. Escapes run into it,
// as in
// `\nhttp://` and `%3Dhttp%3A%2F%2F`.
size_t SchemeBefore(absl::string_view text, size_t floor, size_t end) {
  size_t begin = end;
  while (begin > floor && end - begin <= kLongestScheme && IsSchemePart(text[begin - 1])) --begin;
  const bool escape = begin > floor && (text[begin - 1] == '\\' || text[begin - 1] == '%');
  const absl::string_view run = text.substr(begin, end - begin);
  for (const absl::string_view known : kKnownSchemes) {
    if (!absl::EndsWithIgnoreCase(run, known)) continue;
    const size_t before = run.size() - known.size();
    if (before == 0 || escape || !IsAlnum(run[before - 1])) return end - known.size();
  }
  while (begin < end && !IsLetter(text[begin])) ++begin;
  return begin == end || end - begin > kLongestScheme ? kEnd : begin;
}

// Whether what ends at `end` makes slashes after it a part of something else: `a//b`, `://`, `///`.
bool GoesOnAfter(absl::string_view text, size_t end) {
  if (end == 0) return false;
  const char last = text[end - 1];
  if (!IsAlnum(last)) return last == ':' || last == '/';
  // The last letter of an escape?
  if (end >= 2 && text[end - 2] == '\\' && absl::string_view("bfnrt").find(last) != kEnd) return false;
  if (end >= 6 && text[end - 5] == 'u' && text[end - 6] == '\\') return false;
  for (size_t bytes = 3; bytes <= 9 && bytes <= end; bytes += 2) {
    UrlStyle style;
    UrlCharacter character;
    if (text[end - bytes] == '%' && ReadPercent(text, end - bytes, &style, &character) &&
        character.bytes == bytes) {
      const auto c = static_cast<char>(character.code_point);
      return IsAlnum(c) || c == ':' || c == '/';
    }
  }
  return true;
}

}  // namespace

struct UrlRewriter::Table {
  UrlTrie trie;
  std::vector<Target> targets;
};

absl::StatusOr<UrlRewriter> UrlRewriter::Create(std::vector<std::pair<std::string, std::string>> rewrites) {
  if (rewrites.empty()) return absl::InvalidArgumentError("rewrites: got none, want at least one");
  auto table = std::make_shared<Table>();
  for (size_t i = 0; i < rewrites.size(); ++i) {
    const auto& [from, to] = rewrites[i];
    ASSIGN_OR_RETURN(const std::string url, NormalUrl(i, "from", from));
    ASSIGN_OR_RETURN(Target target, ParseTarget(i, to));
    if (!table->trie.Add(url, static_cast<int>(i))) {
      return Malformed(i, "from", from, "one that does not stand there before");
    }
    table->targets.push_back(std::move(target));
  }
  return UrlRewriter(std::move(table));
}

bool UrlRewriter::RewritesInto(absl::string_view text, std::string* out) const {
  std::string rewritten;
  size_t copied = 0;
  Scanner scanner(text);
  for (Slashes slashes; scanner.Next(&slashes);) {
    const UrlTrie::Match match = table_->trie.Find(text, slashes.end, slashes.style);
    if (match.rule < 0) continue;
    const size_t colon = ColonBefore(text, slashes.begin, slashes.style);
    const size_t scheme = colon == kEnd ? kEnd : SchemeBefore(text, copied, colon);
    if (colon == kEnd ? GoesOnAfter(text, slashes.begin) : scheme == kEnd) continue;
    const Target& target = table_->targets[static_cast<size_t>(match.rule)];
    if (colon != kEnd && !target.scheme.empty()) {
      absl::StrAppend(&rewritten, text.substr(copied, scheme - copied), target.scheme);
      copied = colon;
    }
    absl::StrAppend(&rewritten, text.substr(copied, slashes.end - copied));
    for (const char c : target.url) slashes.style.Append(c, &rewritten);
    copied = match.end;
    scanner.Skip(copied);
  }
  if (copied == 0) return false;
  absl::StrAppend(&rewritten, text.substr(copied));
  *out = std::move(rewritten);
  return true;
}

std::string UrlRewriter::Rewrite(absl::string_view text) const {
  std::string rewritten;
  return RewritesInto(text, &rewritten) ? rewritten : std::string(text);
}

}  // namespace cognate::text
