// Values with references inside: lists and maps of them, and texts that are made of such ones (EncodedValue).
// The target's ids come later than the chain that made the value.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "cognate/v1/value.pb.h"

namespace cognate::codec {

// Whether it is a reference, or has one anywhere inside.
bool HoldsReferences(const v1::Value& value);
// Visits every value in it that is a reference, always in the same order.
void ForEachReference(const v1::Value& value, absl::FunctionRef<void(const v1::Value&)> visit);
void ForEachReference(v1::Value* value, absl::FunctionRef<void(v1::Value*)> visit);

// `*to` is `from` with the target's ids in the place of references, NULL where there is none yet, and with
// texts in the place of encoded values. INVALID_ARGUMENT where something cannot be encoded; the ids have no
// part in that.
absl::Status WriteIds(const v1::Value& from, v1::Value* to);

}  // namespace cognate::codec
