// What is done with the files of a field: the one place that knows which rules make sense.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cognate/v1/file.pb.h"
#include "common/status/error.h"

namespace cognate::files {

inline constexpr int kMaxFilesOfField = 1'000;
inline constexpr int kDefaultFilesOfField = 100;
// What a made path has behind its rule's directory: `/`, 40 characters of the name, `-`, 24 of the hash, a
// dot and an extension.
inline constexpr int kPathBehindDirectory = 1 + 40 + 1 + 24 + 1 + 8;

// A relative path that stays below wherever it is put: parts of `A-Z a-z 0-9 . _ -`, none of them `.` or
// `..`, at most 200 bytes.
bool IsPlainDirectory(absl::string_view path);
// `png`: 1 to 8 characters of `a-z 0-9`.
bool IsExtension(absl::string_view text);
// Absolute and clean: no `.`, no `..`, no doubled or trailing slash, no NUL.
bool IsCleanAbsolutePath(absl::string_view path);

// What is wrong, with paths that begin with `path`: `sync.fields[2].file.directory`.
std::vector<FieldViolation> RuleFaults(const v1::FileRule& rule, absl::string_view path);
// Whether it may put the source's own address into a field: then the source must serve its files.
bool MayLink(const v1::FileRule& rule);
// With every default filled in. The directory of a rule that names none is the target field's name, as far as
// that is plain.
v1::FileRule Completed(const v1::FileRule& rule, absl::string_view target_field);

}  // namespace cognate::files
