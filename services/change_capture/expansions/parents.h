// Which models are made of which, by the rules.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::change_capture {

// nullptr if the model is none whose records are made of another one's.
inline const v1::CompiledExpansion* FindExpansion(const v1::Rules& rules, absl::string_view platform,
                                                  absl::string_view model) {
  for (const v1::CompiledExpansion& compiled : rules.expansions()) {
    if (compiled.platform() == platform && compiled.model().model() == model) return &compiled;
  }
  return nullptr;
}

// The model that is captured for it: itself, or that of its parents.
inline const std::string& CapturedModel(const v1::Rules& rules, const std::string& platform,
                                        const std::string& model) {
  const v1::CompiledExpansion* const expansion = FindExpansion(rules, platform, model);
  return expansion == nullptr ? model : expansion->model().expansion().model();
}

}  // namespace cognate::change_capture
