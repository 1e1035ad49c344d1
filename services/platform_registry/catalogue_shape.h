// What follows from a model's fields, keys and names: what is required, which models only join two others,
// which fields refer to a record of one of several models, and which text people know a record by. Pure
// functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"

namespace cognate::platform_registry {

// Fills in everything that is output only, and what is not said yet of pivots, pairs and the title.
void DescribeShape(v1::Model* model);

// A model without foreign keys whose two fields are named as ids of two models (`role_id`, `user_id`) of
// which `models` has one each, of the same type, and that requires nothing else. Evidence:
// PIVOT_EVIDENCE_DATA, which the data have yet to give.
std::optional<v1::Pivot> GuessPivot(const v1::Model& model, absl::Span<const v1::Model> models);

// The only one of the same schema whose name has these words, in singular or plural.
const v1::Model* FindModelByWords(const std::vector<std::string>& words, absl::string_view beside,
                                  absl::Span<const v1::Model> models);

}  // namespace cognate::platform_registry
