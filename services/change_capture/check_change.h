// What a captured change must be. Errors are of this one change, and name the place:
// `changes[3].fields[1].value`.
#pragma once

#include "absl/status/status.h"
#include "cognate/v1/record.pb.h"
#include "services/change_capture/catalogue.h"

namespace cognate::change_capture {

// Everything but the fields. `index` is the change's place in its request.
absl::Status CheckNames(int index, const v1::Change& change);
// The fields against the model that the change names.
absl::Status CheckFields(int index, const v1::Change& change, const KnownModel& model);

}  // namespace cognate::change_capture
