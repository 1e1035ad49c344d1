#include "services/gateway/files/download_headers.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace cognate::gateway {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

// Digits alone. A number beyond all contents counts as the largest.
bool ReadNumber(absl::string_view text, int64_t* number) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) return false;
  if (!absl::SimpleAtoi(text, number)) *number = INT64_MAX;
  return true;
}

// Of RFC 8187, which stand for themselves.
bool IsPlain(unsigned char c) {
  return absl::ascii_isalnum(c) ||
         absl::string_view("!#$&+-.^_`|~").find(static_cast<char>(c)) != absl::string_view::npos;
}

// What no system's names have, and what could be taken for a way.
bool IsUnsafe(unsigned char c) {
  return absl::ascii_iscntrl(c) ||
         absl::string_view("/\\:*?\"<>|").find(static_cast<char>(c)) != absl::string_view::npos;
}

}  // namespace

ByteRange ParseRange(absl::string_view header, int64_t size_bytes) {
  const ByteRange all = {ByteRange::Kind::kAll, 0, size_bytes};
  if (!absl::StartsWithIgnoreCase(header, "bytes=")) return all;
  header = absl::StripAsciiWhitespace(header.substr(6));
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(header, absl::MaxSplits('-', 1));
  const absl::string_view first = absl::StripTrailingAsciiWhitespace(parts.first);
  const absl::string_view last = absl::StripLeadingAsciiWhitespace(parts.second);
  if (!absl::StrContains(header, '-')) return all;
  int64_t begin = 0;
  int64_t end = INT64_MAX;  // The last byte.
  if (first.empty()) {
    int64_t suffix = 0;
    if (!ReadNumber(last, &suffix)) return all;
    if (suffix == 0) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
    begin = std::max<int64_t>(0, size_bytes - suffix);
  } else if (!ReadNumber(first, &begin) || (!last.empty() && !ReadNumber(last, &end)) || end < begin) {
    return all;
  }
  if (begin >= size_bytes) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  return {ByteRange::Kind::kPart, begin, std::min(end, size_bytes - 1) - begin + 1};
}

bool NamesTag(absl::string_view header, absl::string_view tag) {
  for (absl::string_view each : absl::StrSplit(header, ',')) {
    each = absl::StripAsciiWhitespace(each);
    absl::ConsumePrefix(&each, "W/");
    if (each == "*" || each == tag) return true;
  }
  return false;
}

bool IsPlainPicture(absl::string_view media_type) {
  constexpr absl::string_view kPictures[] = {"image/png",  "image/jpeg", "image/gif",
                                             "image/webp", "image/avif", "image/bmp"};
  return std::find(std::begin(kPictures), std::end(kPictures), media_type) != std::end(kPictures);
}

std::string AttachmentOf(absl::string_view name) {
  std::string safe(name);
  std::replace_if(safe.begin(), safe.end(), IsUnsafe, '_');
  // Neither `..` nor a hidden file.
  while (absl::StartsWith(safe, ".")) safe.erase(0, 1);
  if (safe.empty()) safe = "file";
  std::string plain = safe;
  std::replace_if(
      plain.begin(), plain.end(), [](unsigned char c) { return c >= 0x7f || c == '%'; }, '_');
  std::string header = absl::StrCat("attachment; filename=\"", plain, "\"");
  if (plain == safe) return header;
  absl::StrAppend(&header, "; filename*=UTF-8''");
  for (const char c : safe) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsPlain(byte)) {
      header.push_back(c);
    } else {
      header.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return header;
}

}  // namespace cognate::gateway
