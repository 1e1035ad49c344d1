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

}  // namespace cognate::transformer
