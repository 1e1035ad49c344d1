#include "common/log/redact.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace cognate::log {
namespace {

constexpr absl::string_view kSecretWords[] = {"password", "token",     "secret",     "authorization",
                                              "passwd",   "user_pass", "credential", "private_key"};

// The end of the userinfo password that begins at `begin`, or npos: up to the last @ before the host ends.
size_t UriPasswordEnd(absl::string_view text, size_t begin) {
  const size_t stop = text.find_first_of(" \t\n\"'/?#", begin);
  const absl::string_view authority = text.substr(begin, stop == text.npos ? text.npos : stop - begin);
  const size_t at = authority.rfind('@');
  return at == authority.npos ? text.npos : begin + at;
}

std::string MaskUris(absl::string_view text) {
  std::string masked;
  size_t written = 0;
  for (size_t scheme = text.find("://"); scheme != text.npos; scheme = text.find("://", scheme + 3)) {
    const size_t begin = scheme + 3;
    const size_t at = UriPasswordEnd(text, begin);
    if (at == text.npos) continue;
    const size_t colon = text.substr(0, at).find(':', begin);
    if (colon == text.npos) continue;
    absl::StrAppend(&masked, text.substr(written, colon + 1 - written), "***");
    written = at;
  }
  absl::StrAppend(&masked, text.substr(written));
  return masked;
}

size_t ConnectionValueEnd(absl::string_view text, size_t begin) {
  if (begin < text.size() && text[begin] == '\'') {
    size_t end = begin + 1;
    while (end < text.size() && text[end] != '\'') end += text[end] == '\\' ? 2 : 1;
    return std::min(end + 1, text.size());
  }
  const size_t end = text.find_first_of(" \t\n&", begin);
  return end == text.npos ? text.size() : end;
}

std::string MaskConnectionStrings(absl::string_view text) {
  constexpr absl::string_view kKey = "password=";
  const std::string lower = absl::AsciiStrToLower(text);
  std::string masked;
  size_t written = 0;
  for (size_t key = lower.find(std::string(kKey)); key != lower.npos;
       key = lower.find(std::string(kKey), written)) {
    absl::StrAppend(&masked, text.substr(written, key + kKey.size() - written), "***");
    written = ConnectionValueEnd(text, key + kKey.size());
  }
  absl::StrAppend(&masked, text.substr(written));
  return masked;
}

}  // namespace

bool IsSecretKey(absl::string_view key) {
  const std::string lower = absl::AsciiStrToLower(key);
  for (const absl::string_view word : kSecretWords) {
    if (absl::StrContains(lower, word)) return true;
  }
  return false;
}

std::string MaskPasswords(absl::string_view value) {
  std::string masked = absl::StrContains(value, "://") ? MaskUris(value) : std::string(value);
  return absl::StrContains(absl::AsciiStrToLower(masked), "password=") ? MaskConnectionStrings(masked)
                                                                       : masked;
}

}  // namespace cognate::log
