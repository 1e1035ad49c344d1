// Fields as the inner loop sees them: by number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cognate/v1/sync.pb.h"

namespace cognate::transformer {

// Records that a field refers to, and what they are called on a target.
struct ReferencePlan {
  std::string source_model;
  std::string target_platform;
  std::string target_model;  // empty while no sync brings them there

  bool operator==(const ReferencePlan&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const ReferencePlan& plan) {
    return H::combine(std::move(state), plan.source_model, plan.target_platform, plan.target_model);
  }
};

// One written field.
struct FieldPlan {
  uint32_t slot = 0;  // where its value stands in the row of its part
  const v1::CompiledField* rule = nullptr;
  int reference = -1;                         // of SourcePlan.references
  size_t part = 0;                            // of TargetPlan.parts: the sync that writes it
  const v1::Value* constant = nullptr;        // what is written whatever the record has
  bool nests = false;                         // a chain may have left references in it, or inside it
  const v1::FieldMapping* mapping = nullptr;  // null: the sync maps it by `all_fields`

  bool is_reference() const { return reference >= 0; }
};

}  // namespace cognate::transformer
