// What a rehearsal has found, for people.
#pragma once

#include <ostream>

#include "cognate/v1/sync.pb.h"
#include "cognate/v1/transformer_service.pb.h"

namespace cognate::cli {

// A table of outcomes, what would be taken away, and samples with their differences field by field.
void PrintRehearsal(std::ostream& out, const v1::Sync& sync, const v1::RehearseResponse& response);

}  // namespace cognate::cli
