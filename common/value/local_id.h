// Local ids: a platform's own id of a record, always as text (record.proto).
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

// One key column: its text as it is. Several: joined by `,` with `\` before every `,` and `\` inside them.
std::string EncodeLocalId(absl::Span<const absl::string_view> parts);
std::string EncodeLocalId(absl::Span<const std::string> parts);
// The inverse for a key of `columns` columns. INVALID_ARGUMENT when it does not have that many parts.
absl::StatusOr<std::vector<std::string>> DecodeLocalId(absl::string_view local_id, size_t columns);

inline constexpr size_t kMaxLocalIdBytes = 512;  // record.proto

// The id itself if it is one; for a text that is empty or too long what stands for it in the change log, the
// same for the same text.
std::string FitLocalId(std::string local_id);

// The canonical text of one key column's value. INVALID_ARGUMENT for NULL, lists and maps.
absl::StatusOr<std::string> LocalIdText(const v1::Value& value);

}  // namespace cognate::value
