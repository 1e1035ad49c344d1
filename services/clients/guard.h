// What a change of a sync's rules takes away from its target, and whether that is too much (`Sync.guard`).
#pragma once

#include <cstdint>
#include <string>

#include "cognate/v1/sync.pb.h"

namespace cognate::clients {

// `Sync.max_leaving_percent`, or its default.
int MaxLeavingPercent(const v1::Sync& sync);
// Fewer than ten records are never held.
bool IsTooMuch(const v1::Sync& sync, int64_t leaving_count, int64_t record_count);

// "its changed rules would take away 812 of 1,000 records on shop (81 %), more than 20 %; …": how the guard
// of a sync stands, and what to do. Empty where it has none.
std::string GuardWords(const v1::Sync& sync);

}  // namespace cognate::clients
