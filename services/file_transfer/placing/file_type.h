// Whether a file may come to a target at all: its extension, what its content really is, and what a browser
// would run of it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/file.pb.h"
#include "cognate/v1/outcome.pb.h"

namespace cognate::file_transfer {

// What may carry script is not looked through beyond this, and refused.
inline constexpr int64_t kMaxMarkup = 4 << 20;

// What may carry script, by its extension or its media type: SVG and other XML. All of it is looked at; of
// others the beginning (MediaTypes::kHeadBytes) is enough.
bool NeedsAll(absl::string_view extension, absl::string_view media_type, absl::string_view head);

// FILE_TYPE_REFUSED, or nothing. The extension is that of the source's name; `content` is its beginning, or
// all of it.
std::optional<v1::OutcomeError> CheckExtension(const v1::FileRule& rule, absl::string_view name,
                                               absl::string_view extension);
std::optional<v1::OutcomeError> CheckContent(const v1::FileRule& rule, absl::string_view name,
                                             absl::string_view extension, absl::string_view media_type,
                                             absl::string_view content, bool is_whole);

}  // namespace cognate::file_transfer
