// One compiled step of a chain, and how it says no.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "cognate/v1/value.pb.h"
#include "common/condition/condition.h"
#include "common/transform/chain.h"
#include "common/transform/working_record.h"

namespace cognate::transform {

struct NamedSlot {
  std::string name;
  int slot = -1;
};

// The message of a Stop does not say the step: the chain puts it before.
using RunStep = std::function<std::optional<Stop>(WorkingRecord&, const Context&)>;

struct Step {
  std::string word;
  int index = 0;         // its place in the sync's or the pipeline's transforms
  std::string pipeline;  // `pipelines/{id}`; empty for the sync's own
  std::string path;      // `transforms[2]`, `pipelines/site.transforms[2]`
  std::optional<condition::Condition> when;
  std::vector<NamedSlot> reads;
  std::vector<NamedSlot> writes;
  RunStep run;
};

// Why a value is refused, before it is known of which field it is.
struct Failure {
  absl::string_view reason;  // a literal
  std::string message;       // `got …, want …; …`
};
using Failed = std::optional<Failure>;

Failure WrongType(const v1::Value& got, absl::string_view want);
// Of one that a capture left out.
Failure LeftOut(const v1::OmittedValue& omitted);
// Of one that a step would make.
Failure TooLarge();
// LeftOut or WrongType.
Failure NotWanted(const v1::Value& got, absl::string_view want);
// Whether a value that a step made is larger than a record may carry.
bool IsTooLarge(const v1::Value& made);

Stop StopAt(absl::string_view field, const Failure& failure);

}  // namespace cognate::transform
