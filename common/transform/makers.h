// Two makers that carry most steps: of one field into one field, by a pure function.
#pragma once

#include <functional>
#include <string>

#include "common/transform/compiler.h"

namespace cognate::transform {

// Writes what becomes of a value that is neither NULL nor left out.
using ValueFunction = std::function<Failed(const v1::Value& from, v1::Value* to)>;
using TextFunction = std::function<std::string(absl::string_view)>;

// `into` is optional: it is then `field`.
inline const std::string& IntoOf(const std::string& field, const std::string& into) {
  return into.empty() ? field : into;
}

// Declares what is written although the step is wrong, so that later steps are not wrong because of it.
inline void WriteAnything(Compiler& compiler, const std::string& into) {
  if (!into.empty()) compiler.Write("into", into, v1::ModelField());
}

// Of a field that the step read. `holds` is what is written for values that are not NULL.
void AddValueStep(Compiler& compiler, const KnownField& from, const std::string& into, v1::ModelField holds,
                  ValueFunction function, bool holds_references = false);

// From the most characters that the text that is read can have to the most of the one that is written; 0 is
// unlimited.
using LimitFunction = std::function<int(int limit)>;
inline int SameLimit(int limit) { return limit; }
inline int NoLimit(int) { return 0; }

// Reads `field`, which must be a text.
void AddTextStep(Compiler& compiler, const std::string& field, const std::string& into,
                 const LimitFunction& limit, TextFunction function);

inline constexpr char kWantText[] = "a text; a template such as \"{views}\" makes one of other values";

}  // namespace cognate::transform
