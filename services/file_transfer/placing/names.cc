#include "services/file_transfer/placing/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/text/slug.h"
#include "common/value/parse.h"

namespace cognate::file_transfer {
namespace {

constexpr int kMaxSlug = 40;
constexpr size_t kMaxExtension = 8;
constexpr size_t kHashInPath = 24;
constexpr size_t kMaxShown = 80;
constexpr char kNoAddress[] =
    "it is an address, and nothing says under which address the platform serves its files (--files-url)";
// More is not looked at: a slug has no room for it.
constexpr size_t kMaxSlugged = 255;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string PercentDecoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    out += is_escape ? static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])) : text[i];
    if (is_escape) i += 2;
  }
  return out;
}

// Null where it is a path.
const char* FaultOf(absl::string_view path) {
  if (path.empty()) return "it names no file";
  if (path.size() > kMaxPath) return "it is longer than 2000 bytes";
  if (!value::CharacterCount(path).has_value()) return "it is not UTF-8, or has a NUL character";
  if (path[0] == '/') return "it is an absolute path, want one below the platform's files";
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part == "..") return "it leads out of the platform's files (..)";
    if (part.size() > 255) return "a part of it is longer than 255 bytes";
  }
  if (path.back() == '/') return "it names a directory";
  return nullptr;
}

// `a//./b` is `a/b`.
std::string Cleaned(absl::string_view path) {
  std::string clean;
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == ".") continue;
    absl::StrAppend(&clean, clean.empty() ? "" : "/", part);
  }
  return clean;
}

}  // namespace

bool IsAddress(absl::string_view text) {
  return absl::StartsWithIgnoreCase(text, "http://") || absl::StartsWithIgnoreCase(text, "https://");
}

absl::string_view LastingTokenOf(absl::string_view text) {
  const size_t at = IsAddress(text) ? text.rfind(kLastingPath) : absl::string_view::npos;
  if (at == absl::string_view::npos) return "";
  const absl::string_view token = text.substr(at + sizeof(kLastingPath) - 1);
  return token.substr(0, token.find_first_of("?#"));
}

SourcePath ReadSourcePath(absl::string_view text, absl::string_view url) {
  SourcePath read;
  std::string path(text);
  while (absl::EndsWith(url, "/")) url.remove_suffix(1);
  if (!url.empty() && absl::StartsWith(text, url) && text.size() > url.size() && text[url.size()] == '/') {
    absl::string_view rest = text.substr(url.size() + 1);
    rest = rest.substr(0, rest.find_first_of("?#"));
    path = PercentDecoded(rest);
  } else if (IsAddress(text)) {
    read.fault = url.empty() ? std::string(kNoAddress) : absl::StrCat("it is an address outside of ", url);
    return read;
  }
  const char* const fault = FaultOf(path);
  if (fault == nullptr) read.path = Cleaned(path);
  if (read.path.empty()) read.fault.assign(fault == nullptr ? "it names no file" : fault);
  return read;
}

std::string AddressOf(absl::string_view url, absl::string_view path) {
  std::string address(url);
  while (absl::EndsWith(address, "/")) address.pop_back();
  address += '/';
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("-._~/", c)) {
      address += c;
    } else {
      address += '%';
      address += kHex[byte >> 4];
      address += kHex[byte & 15];
    }
  }
  return address;
}

absl::string_view NameOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

std::string ExtensionOf(absl::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return "";
  std::string extension = absl::AsciiStrToLower(name.substr(dot + 1));
  const bool is_plain = !extension.empty() && extension.size() <= kMaxExtension &&
                        std::all_of(extension.begin(), extension.end(), [](char c) {
                          return absl::ascii_isalnum(static_cast<unsigned char>(c));
                        });
  return is_plain ? extension : "";
}

std::string Slug(absl::string_view name) {
  if (!ExtensionOf(name).empty()) name = name.substr(0, name.rfind('.'));
  std::string slug = text::Slug(name.substr(0, kMaxSlugged), "-", kMaxSlug);
  while (absl::EndsWith(slug, "-")) slug.pop_back();
  return slug.empty() ? "file" : slug;
}

std::string TargetPath(absl::string_view directory, absl::string_view name, absl::string_view sha256,
                       absl::string_view extension) {
  return absl::StrCat(directory, "/", Slug(name), "-", absl::BytesToHexString(sha256).substr(0, kHashInPath),
                      extension.empty() ? "" : ".", extension);
}

std::string ShownName(absl::string_view name) {
  const bool is_cut = name.size() > kMaxShown;
  name = name.substr(0, kMaxShown);
  while (is_cut && !name.empty() && (static_cast<unsigned char>(name.back()) & 0xC0) == 0x80)
    name.remove_suffix(1);
  std::string shown = absl::Utf8SafeCHexEscape(name);
  if (is_cut) shown += "…";
  return shown.empty() ? "a file without a name" : shown;
}

}  // namespace cognate::file_transfer
