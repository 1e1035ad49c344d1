// What a key may be, and who may give it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/key.pb.h"
#include "common/status/error.h"
#include "google/protobuf/repeated_field.h"

namespace cognate::platform_registry {

std::string KeyName(absl::string_view id);
// The id in `keys/{id}`. INVALID_FIELD at `path` when `name` has another form.
absl::StatusOr<std::string> ParseKeyName(absl::string_view name, absl::string_view path);

// Everything that is wrong with a key as it is asked for.
absl::Status CheckKey(const v1::Key& key, absl::Time now);

// Parts of it, which tokens have, too; `path` is that of the field.
using FieldViolations = std::vector<FieldViolation>;
void CheckDisplayName(absl::string_view path, absl::string_view name, FieldViolations* violations);
void CheckAddresses(absl::string_view path, const google::protobuf::RepeatedPtrField<std::string>& addresses,
                    FieldViolations* violations);
void CheckMaxRate(absl::string_view path, double max_rate, FieldViolations* violations);

// Nobody gives what it does not have: whoever can make a key, or get the secret of another one's, could else
// be more than it is. PERMISSION_DENIED SCOPE_MISSING.
absl::Status CheckMayGive(const v1::Principal& caller, const v1::Key& key);

}  // namespace cognate::platform_registry
