// The names of SVG that draw, describe or animate, and nothing else. Internal to markup.cc.
#pragma once

#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

bool IsDrawingElement(absl::string_view name);
bool IsDrawingAttribute(absl::string_view name);
// What drawing programs keep for themselves, and descriptions of the work: no browser acts on it.
bool IsEditorsNamespace(absl::string_view uri);
// Names of Creative Commons' descriptions, which are written without a prefix, too. None is one of HTML.
bool IsDescription(absl::string_view name);

}  // namespace cognate::file_transfer
