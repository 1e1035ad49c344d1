#include "common/log/redact.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cognate::log {
namespace {

constexpr char kHidden[] = "***";
constexpr size_t kLongestName = 64;
constexpr absl::string_view kBehindAuthority = " \t\r\n\"'<>/?#";

// Anywhere in a name, of which only letters and digits are left.
constexpr auto kSecretParts =
    std::to_array<absl::string_view>({"password", "passwd", "passphrase", "token", "secret", "authorization",
                                      "credential", "userpass", "passkey", "signature"});
constexpr auto kSecretNames =
    std::to_array<absl::string_view>({"pwd", "pass", "cookie", "setcookie", "key", "apikey", "sig"});
// Before the word `key`: what is no secret.
constexpr auto kPublicKeys = std::to_array<absl::string_view>(
    {"primary", "foreign", "natural", "unique", "record", "public", "partition", "sort", "duplicate",
     "idempotency", "entity", "repeat", "routing"});

// What our own secrets begin with, and how much behind it makes one.
constexpr auto kSecretBeginnings = std::to_array<absl::string_view>({"cgk_", "cgt_", "whsec_", "whsk_"});
constexpr size_t kShortestSecret = 8;
// How far the end of a login is looked for behind what is no part of one.
constexpr size_t kLongestLogin = 256;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
}

// `X-Api-Key`, `apiKey` and `api_key` are api, key.
std::vector<std::string> WordsOf(absl::string_view name) {
  std::vector<std::string> words;
  bool begins = true;
  bool was_lower = false;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (!absl::ascii_isalnum(u)) {
      begins = true;
      continue;
    }
    if (begins || (was_lower && absl::ascii_isupper(u))) words.emplace_back();
    words.back().push_back(absl::ascii_tolower(u));
    was_lower = absl::ascii_islower(u);
    begins = false;
  }
  return words;
}

bool IsSecretKeyWord(const std::vector<std::string>& words) {
  if (words.empty() || words.back() != "key") return false;
  return words.size() == 1 ||
         std::find(kPublicKeys.begin(), kPublicKeys.end(), words[words.size() - 2]) == kPublicKeys.end();
}

// `key: got x, want y` and `UpdateSync.key: …` speak about a key; they do not show one. So with `signature:`.
bool IsFieldNamedKey(absl::string_view name) {
  const absl::string_view last = name.substr(name.rfind('.') + 1);
  return absl::EqualsIgnoreCase(last, "key") || absl::EqualsIgnoreCase(last, "signature");
}

bool IsCookie(absl::string_view name) {
  return absl::EqualsIgnoreCase(name, "cookie") || absl::EqualsIgnoreCase(name, "set-cookie");
}

// Of letters that base64, keys and percent-encoding are written in.
bool IsSecretCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_-+/=%", c);
}

// Behind a host there is a port, or nothing.
bool IsPort(absl::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// A text that is written anew, with parts of it hidden.
class Masking {
 public:
  explicit Masking(absl::string_view text) : text_(text) {}

  std::string Run() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == ':' && absl::StartsWith(text_.substr(at_), "://")) {
        HideLogin();
      } else if (c == ':' || c == '=') {
        HideValue(c);
      } else if ((c == 'B' || c == 'b') && IsWord("bearer")) {
        at_ += sizeof("bearer") - 2;
        HideNextWord();
      } else if (c == 'c' || c == 'w') {
        HideOwnSecret();
      }
    }
    absl::StrAppend(&masked_, text_.substr(shown_));
    return std::move(masked_);
  }

 private:
  // A whole word and a space behind it.
  bool IsWord(absl::string_view word) const {
    if (at_ > 0 && IsNameCharacter(text_[at_ - 1])) return false;
    return absl::StartsWithIgnoreCase(text_.substr(at_), word) && at_ + word.size() < text_.size() &&
           IsSpace(text_[at_ + word.size()]);
  }

  void Hide(size_t begin, size_t end) {
    if (begin < shown_ || end <= begin) return;
    absl::StrAppend(&masked_, text_.substr(shown_, begin - shown_), kHidden);
    shown_ = end;
    at_ = end - 1;  // the loop goes on behind it
  }

  // `scheme://user:password@host`; at_ is on the colon. Without a colon in it the login is a token.
  void HideLogin() {
    const size_t begin = at_ + 3;
    at_ = begin - 1;
    const size_t stop = std::min(text_.find_first_of(kBehindAuthority, begin), text_.size());
    const absl::string_view authority = text_.substr(begin, stop - begin);
    const size_t login = authority.rfind('@');
    if (login == authority.npos) return HideOddLogin(begin, stop);
    const size_t colon = authority.substr(0, login).find(':');
    const absl::string_view scheme = text_.substr(0, begin - 3);
    if (colon == authority.npos && !absl::EndsWith(scheme, "http") && !absl::EndsWith(scheme, "https"))
      return;
    Hide(colon == authority.npos ? begin : begin + colon + 1, begin + login);
  }

  // Of `user:pa?ss@host` what stands before the `?` looks like a whole address; up to the `@` it is a
  // password, unless it begins like a port and is followed by what follows one.
  void HideOddLogin(size_t begin, size_t stop) {
    const absl::string_view authority = text_.substr(begin, stop - begin);
    const size_t colon = authority.find(':');
    if (stop >= text_.size() || colon == authority.npos || authority[0] == '[') return;
    const absl::string_view scheme = text_.substr(0, begin - 3);
    const bool is_web = absl::EndsWith(scheme, "http") || absl::EndsWith(scheme, "https");
    const bool begins_path = absl::StrContains("/?#", text_[stop]);
    const bool is_port = IsPort(authority.substr(colon + 1));
    if (is_port && (is_web || !begins_path)) return;
    // Behind a port there are no blanks before the end of the address.
    const absl::string_view blanks = is_port ? " \t\r\n" : "\r\n";
    const absl::string_view rest = text_.substr(stop, kLongestLogin);
    const size_t at = rest.substr(0, rest.find_first_of(blanks)).find('@');
    if (at == rest.npos) return;
    const absl::string_view behind = rest.substr(at);
    const size_t last = behind.substr(0, behind.find_first_of(kBehindAuthority)).rfind('@');
    Hide(begin + colon + 1, stop + at + last);
  }

  // `cgk_…` and its like, whatever stands before it.
  void HideOwnSecret() {
    if (at_ > 0 && absl::ascii_isalnum(static_cast<unsigned char>(text_[at_ - 1]))) return;
    for (const absl::string_view beginning : kSecretBeginnings) {
      if (!absl::StartsWith(text_.substr(at_), beginning)) continue;
      const size_t begin = at_ + beginning.size();
      size_t end = begin;
      while (end < text_.size() && IsSecretCharacter(text_[end])) ++end;
      if (end - begin >= kShortestSecret) Hide(begin, end);
      return;
    }
  }

  // What stands before the sign at at_: `name`, `"name"`, `\"name\"`, with spaces behind it.
  absl::string_view NameBefore(bool* is_quoted) const {
    size_t end = at_;
    while (end > 0 && IsSpace(text_[end - 1])) --end;
    *is_quoted = end > 0 && (text_[end - 1] == '"' || text_[end - 1] == '\'');
    if (*is_quoted) --end;
    while (*is_quoted && end > 0 && text_[end - 1] == '\\') --end;
    size_t begin = end;
    while (begin > 0 && end - begin < kLongestName && IsNameCharacter(text_[begin - 1])) --begin;
    return text_.substr(begin, end - begin);
  }

  void HideValue(char sign) {
    bool is_quoted = false;
    const absl::string_view name = NameBefore(&is_quoted);
    if (name.empty() || !IsSecretKey(name)) return;
    if (sign == ':' && !is_quoted && IsFieldNamedKey(name)) return;
    size_t begin = at_ + 1;
    while (begin < text_.size() && IsSpace(text_[begin])) ++begin;
    if (!is_quoted && IsCookie(name))  // several, each with a name of its own
      return Hide(begin, std::min(text_.find_first_of("\r\n", begin), text_.size()));
    size_t quote = begin;
    while (quote < text_.size() && text_[quote] == '\\') ++quote;
    if (quote < text_.size() && (text_[quote] == '"' || text_[quote] == '\''))
      return Hide(quote + 1, QuoteEnd(quote, quote - begin));
    if (quote < text_.size() && (text_[quote] == '{' || text_[quote] == '['))
      return Hide(quote + 1, GroupEnd(quote));
    Hide(begin, WordsEnd(begin, sign));
  }

  // Of a value in quotes that are escaped so many times: before the quote that is written as the first one
  // is.
  size_t QuoteEnd(size_t quote, size_t escapes) const {
    size_t before = 0;  // escapes right before
    for (size_t i = quote + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++before;
        continue;
      }
      const bool is_doubled = escapes == 0 && i + 1 < text_.size() && text_[i + 1] == text_[quote];
      if (text_[i] == text_[quote] && before <= escapes) {
        if (!is_doubled) return i - before;
        ++i;  // as SQL writes a quote inside of quotes
      }
      before = 0;
    }
    return text_.size();
  }

  size_t GroupEnd(size_t open) const {
    size_t depth = 0;
    for (size_t i = open; i < text_.size(); ++i) {
      if (text_[i] == '{' || text_[i] == '[') ++depth;
      if ((text_[i] == '}' || text_[i] == ']') && --depth == 0) return i;
    }
    return text_.size();
  }

  // Behind `=` a value goes as far as it can: there may be anything in it.
  size_t WordEnd(size_t begin, char sign) const {
    const absl::string_view stops = sign == '=' ? " \t\r\n\"'<>" : " \t\r\n\"'<>,;&)}]";
    size_t end = begin;
    while (end < text_.size() && !absl::StrContains(stops, text_[end])) end += text_[end] == '\\' ? 2 : 1;
    return std::min(end, text_.size());
  }

  // `Bearer abc` and `Basic abc` are two words.
  size_t WordsEnd(size_t begin, char sign) const {
    const size_t end = WordEnd(begin, sign);
    const std::string first = absl::AsciiStrToLower(text_.substr(begin, end - begin));
    const bool is_scheme = first == "bearer" || first == "basic" || first == "digest" || first == "token";
    if (!is_scheme || end >= text_.size() || !IsSpace(text_[end])) return end;
    size_t next = end;
    while (next < text_.size() && IsSpace(text_[next])) ++next;
    return WordEnd(next, sign);
  }

  void HideNextWord() {
    size_t begin = at_ + 1;
    while (begin < text_.size() && IsSpace(text_[begin])) ++begin;
    Hide(begin, WordEnd(begin, ':'));
  }

  const absl::string_view text_;
  size_t at_ = 0;
  size_t shown_ = 0;  // of the text, so much is in masked_
  std::string masked_;
};

}  // namespace

bool IsSecretKey(absl::string_view name) {
  const std::vector<std::string> words = WordsOf(name);
  std::string letters;
  for (const std::string& word : words) letters += word;
  const bool has_part = std::any_of(kSecretParts.begin(), kSecretParts.end(),
                                    [&](absl::string_view part) { return absl::StrContains(letters, part); });
  return has_part || std::find(kSecretNames.begin(), kSecretNames.end(), letters) != kSecretNames.end() ||
         IsSecretKeyWord(words);
}

std::string MaskSecrets(absl::string_view text) { return Masking(text).Run(); }

std::string Shown(absl::string_view name, absl::string_view text) {
  return IsSecretKey(name) ? kHidden : MaskSecrets(text);
}

}  // namespace cognate::log
