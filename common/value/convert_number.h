// Numbers into number fields; see convert.h.
#pragma once

#include "common/value/refusal.h"

namespace cognate::value {

Refusal ToInteger(const v1::Value& from, const v1::ModelField& field, v1::Value* to);
Refusal ToFloat(const v1::Value& from, const v1::ModelField& field, v1::Value* to);
Refusal ToDecimal(const v1::Value& from, const v1::ModelField& field, v1::Value* to);

}  // namespace cognate::value
