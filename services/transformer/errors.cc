#include "services/transformer/errors.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace cognate::transformer {

absl::Status InvalidField(absl::string_view field, absl::string_view got, absl::string_view want) {
  const std::string description = absl::StrCat("got ", got, ", want ", want);
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Violation(field, description);
}

absl::Status SyncChanged(absl::string_view sync) {
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               absl::StrCat(sync, " was changed since; read it again, then count again"));
}

}  // namespace cognate::transformer
