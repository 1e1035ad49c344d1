// A record of the change log, by numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/postgres/params.h"

namespace cognate::change_capture {

using RecordId = std::pair<int32_t, std::string>;  // model id, local id

// As $1 and $2 of a statement: int4[] and text[].
inline postgres::Params ParamsOf(absl::Span<const RecordId> records) {
  std::vector<int32_t> model_ids;
  std::vector<absl::string_view> local_ids;
  for (const auto& [model_id, local_id] : records) {
    model_ids.push_back(model_id);
    local_ids.push_back(local_id);
  }
  postgres::Params params;
  params.AddInt32Array(model_ids).AddTextArray(local_ids);
  return params;
}

}  // namespace cognate::change_capture
