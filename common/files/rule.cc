#include "common/files/rule.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace cognate::files {
namespace {

using absl::StrCat;

constexpr size_t kMaxDirectory = 200;
constexpr size_t kMaxPart = 64;
constexpr size_t kMaxExtension = 8;
constexpr int kMaxExtensions = 100;
constexpr size_t kMaxPlaceholder = 500;

bool IsPlain(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

bool IsPlainPart(absl::string_view part) {
  // What begins with this is the service's own, and cleared away by it.
  if (absl::StartsWithIgnoreCase(part, ".cognate-")) return false;
  return !part.empty() && part.size() <= kMaxPart && part != "." && part != ".." &&
         std::all_of(part.begin(), part.end(), IsPlain);
}

template <typename Enum>
void CheckEnum(bool is_valid, Enum value, const std::string& path, const char* name,
               std::vector<FieldViolation>* faults) {
  if (!is_valid) faults->push_back({path, StrCat("got ", static_cast<int>(value), ", want one of ", name)});
}

}  // namespace

bool IsPlainDirectory(absl::string_view path) {
  if (path.empty() || path.size() > kMaxDirectory) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  return std::all_of(parts.begin(), parts.end(), IsPlainPart);
}

bool IsExtension(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxExtension && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

bool IsCleanAbsolutePath(absl::string_view path) {
  if (path.size() < 2 || path.size() > 1024 || path[0] != '/' || absl::StrContains(path, '\0')) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(path.substr(1), '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](absl::string_view part) { return part.empty() || part == "." || part == ".."; });
}

std::vector<FieldViolation> RuleFaults(const v1::FileRule& rule, absl::string_view path) {
  std::vector<FieldViolation> faults;
  const auto at = [&](const char* part) { return StrCat(path, ".", part); };
  CheckEnum(v1::FileMode_IsValid(rule.mode()), rule.mode(), at("mode"), "FileMode", &faults);
  CheckEnum(v1::FileSkipAction_IsValid(rule.too_large()), rule.too_large(), at("too_large"), "FileSkipAction",
            &faults);
  CheckEnum(v1::FileSkipAction_IsValid(rule.too_old()), rule.too_old(), at("too_old"), "FileSkipAction",
            &faults);
  CheckEnum(v1::FileAbsence_IsValid(rule.absence()), rule.absence(), at("absence"), "FileAbsence", &faults);
  if (!rule.directory().empty() && !IsPlainDirectory(rule.directory())) {
    faults.push_back({at("directory"), StrCat("got \"", rule.directory(),
                                              "\", want a relative path such as avatars/large: parts of A-Z "
                                              "a-z 0-9 . _ -, none of them . or ..")});
  }
  if (rule.allowed_extensions_size() > kMaxExtensions) {
    faults.push_back({at("allowed_extensions"),
                      StrCat("got ", rule.allowed_extensions_size(), ", want at most ", kMaxExtensions)});
  }
  for (int i = 0; i < rule.allowed_extensions_size(); ++i) {
    if (IsExtension(rule.allowed_extensions(i))) continue;
    faults.push_back({StrCat(at("allowed_extensions"), "[", i, "]"),
                      StrCat("got \"", rule.allowed_extensions(i),
                             "\", want 1 to 8 characters of a-z 0-9 without a dot, such as png")});
  }
  if (rule.max_bytes() < 0)
    faults.push_back({at("max_bytes"), StrCat("got ", rule.max_bytes(), ", want 0 (no limit) or more")});
  if (rule.max_count() < 0 || rule.max_count() > kMaxFilesOfField) {
    faults.push_back({at("max_count"), StrCat("got ", rule.max_count(), ", want 1 to ", kMaxFilesOfField,
                                              ", or nothing for ", kDefaultFilesOfField)});
  }
  if (rule.link_fallback() && rule.mode() != v1::FILE_MODE_LINK) {
    faults.push_back(
        {at("link_fallback"),
         "got it without mode: LINK, which alone makes links of files; what is linked because it is too "
         "large or too old is not stored, and has its source's address"});
  }
  if (rule.placeholder().size() > kMaxPlaceholder) {
    faults.push_back({at("placeholder"),
                      StrCat("got ", rule.placeholder().size(), " bytes, want at most ", kMaxPlaceholder)});
  }
  if (!rule.placeholder().empty() && rule.absence() != v1::FILE_ABSENCE_PLACEHOLDER) {
    faults.push_back({at("placeholder"), "got one without absence: PLACEHOLDER, which alone writes it"});
  }
  return faults;
}

bool MayLink(const v1::FileRule& rule) {
  const bool is_of_source = rule.mode() == v1::FILE_MODE_LINK && !rule.link_fallback();
  return is_of_source || rule.too_large() == v1::FILE_SKIP_ACTION_LINK ||
         rule.too_old() == v1::FILE_SKIP_ACTION_LINK;
}

v1::FileRule Completed(const v1::FileRule& rule, absl::string_view target_field) {
  v1::FileRule full = rule;
  if (full.mode() == v1::FILE_MODE_UNSPECIFIED) full.set_mode(v1::FILE_MODE_COPY);
  if (full.too_large() == v1::FILE_SKIP_ACTION_UNSPECIFIED) full.set_too_large(v1::FILE_SKIP_ACTION_REJECT);
  if (full.too_old() == v1::FILE_SKIP_ACTION_UNSPECIFIED) full.set_too_old(v1::FILE_SKIP_ACTION_EMPTY);
  if (full.absence() == v1::FILE_ABSENCE_UNSPECIFIED) full.set_absence(v1::FILE_ABSENCE_WAIT);
  if (full.max_count() == 0) full.set_max_count(kDefaultFilesOfField);
  if (!full.directory().empty()) return full;
  std::string directory;
  for (const char c : target_field.substr(0, kMaxPart)) directory += IsPlain(c) ? c : '_';
  full.set_directory(IsPlainPart(directory) ? directory : "files");
  return full;
}

}  // namespace cognate::files
