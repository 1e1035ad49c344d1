// How a conversion says no: the words of its errors, for the library's own sources.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/value.pb.h"

namespace cognate::value {

using Refusal = std::optional<v1::OutcomeError>;

// `f (character varying(60))`, or with the type's own name where the database's is not known.
std::string Named(const v1::ModelField& field);

v1::OutcomeError Refuse(absl::string_view reason, const v1::ModelField& field, absl::string_view message);
v1::OutcomeError WrongType(const v1::Value& from, const v1::ModelField& field);
v1::OutcomeError OutOfRange(const v1::Value& from, const v1::ModelField& field, absl::string_view want);
v1::OutcomeError InvalidText(const v1::Value& from, const v1::ModelField& field, absl::string_view want);
v1::OutcomeError BadEncoding(const v1::ModelField& field);

}  // namespace cognate::value
