// What a first contact of two models would find, told beforehand.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/transformer_service.pb.h"
#include "services/transformer/rehearsal.h"

namespace cognate::transformer {

// Reads the latest states of both models page by page. Holds of each record of the target that is no entity's
// of the source its id and for each natural key a hash: some 150 bytes a record and key, with at most 500,000
// records of a model (TOO_MANY_RECORDS). Writes nothing.
absl::StatusOr<v1::MatchRecordsResponse> MatchRecords(const RehearseParts& parts,
                                                      const v1::MatchRecordsRequest& request);

}  // namespace cognate::transformer
