// Parts of a sync as options of the command line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::cli {

// INVALID_FIELD: `--map: got "a", want source_field=target_field`.
absl::Status WrongOption(absl::string_view option, absl::string_view got, absl::string_view want);

// `want` says what the text has to be, such as `a duration such as 30s`.
absl::Status SetDuration(absl::string_view option, const std::string& text, absl::string_view want,
                         google::protobuf::Duration* duration);

// The two sides of a separator, neither empty.
absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view option,
                                                              absl::string_view text, char separator,
                                                              absl::string_view want);

// `delete`, `keep`, `detach`, `soft-delete:deleted_at`, `unpublish:status=draft,visible=false`. A value that
// reads as true, false, null or a number is one, unless it stands in quotes.
absl::StatusOr<v1::LeavePolicy> ParseLeavePolicy(absl::string_view option, absl::string_view text);

// `--map` and `--reference`.
absl::Status AddMappings(const std::vector<std::string>& maps, const std::vector<std::string>& references,
                         v1::Sync* sync);

}  // namespace cognate::cli
