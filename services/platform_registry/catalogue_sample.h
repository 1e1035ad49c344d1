// What only the records themselves tell of models: the types of polymorphic pairs, media collections, and
// pivots that no foreign key declares. Looks at a bounded number of records of each table, many tables a
// statement, each statement with a time limit.
#pragma once

#include <string>

#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "common/postgres/connection.h"

namespace cognate::platform_registry {

// `tables` are the models' quoted names, in the same order; empty for one that may not be read. What cannot
// be asked, for lack of time or rights, stays unsaid: a catalogue without it is a catalogue.
void SampleModels(postgres::Connection& connection, absl::Span<const std::string> tables,
                  absl::Span<v1::Model> models);

}  // namespace cognate::platform_registry
