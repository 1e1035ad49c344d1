// An expansion (`Model.expansion`), prepared for the inner loop.
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "cognate/v1/expansion.pb.h"
#include "common/script/script.h"
#include "common/transform/chain.h"

namespace cognate::transformer {

// A field of a part and where it comes from.
struct PartField {
  const v1::ModelField* field = nullptr;
  int parent_slot = -1;      // of the parent's record after the chain; -1: the element's member of its name
  std::string parent_field;  // its name there, for errors
  bool is_key = false;       // it tells the elements apart
};

struct ExpansionPlan {
  const v1::CompiledExpansion* rule = nullptr;
  transform::Chain chain;
  script::SyncFacts facts;  // what a script sees as `sync`
  int elements_slot = -1;   // after the chain
  std::vector<PartField> fields;
  bool is_key_place = false;  // the key is the element's place, no member
  size_t parent_keys = 1;     // fields of the parent's key

  const std::string& model() const { return rule->model().model(); }
  const v1::Expansion& expansion() const { return rule->model().expansion(); }
};

// `parent_fields` are the parent's, by slot. `*wrong` is why it cannot run by them; empty if it can.
ExpansionPlan MakeExpansionPlan(const v1::CompiledExpansion& compiled,
                                absl::Span<const v1::ModelField> parent_fields, std::string* wrong);

}  // namespace cognate::transformer
