// Fields that lead to files: what the source has in them goes along as it is, until delivery has the target's
// copies.
#pragma once

#include <optional>

#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/sync.pb.h"
#include "services/transformer/map.h"

namespace cognate::transformer {

// Writes the source's paths, addresses or files into `*to`: one, a list of them, or what a JSON text lists.
// Where the target's field is no list, several become the JSON text of one, once they are known. Refused:
// what is none of these, and too many.
std::optional<v1::OutcomeError> TakeFiles(const v1::Value& from, const v1::CompiledField& field,
                                          v1::Value* to);

// Whether a delivery waits for anything there: NULL and empty texts lead nowhere.
bool HasFiles(const Item& item);
bool LeadsToFile(const v1::Value& value);

}  // namespace cognate::transformer
