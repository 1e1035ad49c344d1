// Which fields lead to files. Pure functions.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"

namespace cognate::platform_registry {

// By names: of fields such as `avatar` or `logo_path`, of referenced models such as `media`, of media tables
// as Spatie's library makes them, and of WordPress's meta tables. Adds nothing to a model that says its
// files.
void DescribeFiles(v1::Model* model);

// `media` has files of records of `type` (a class or a morph name) in `collection`: says so at the model of
// that name beside it, if there is one.
void AddMediaOf(const v1::Model& media, absl::string_view type, absl::string_view collection,
                absl::Span<v1::Model> models);

// A table of media that belong to records of any model.
bool IsMediaModel(const v1::Model& model);

}  // namespace cognate::platform_registry
