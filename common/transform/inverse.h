// The chain that leads back: of a sync between two platforms the same rules serve both directions.
#pragma once

#include <string>
#include <vector>

#include "cognate/v1/sync.pb.h"
#include "common/transform/chain.h"

namespace cognate::transform {

// A step that has no way back.
struct NotInvertible {
  std::string path;    // `transforms[3].slug`, `fields[2]`
  std::string reason;  // in words
};

struct Inverse {
  Transforms transforms;  // in the other direction, in the words of the other side's record
  google::protobuf::RepeatedPtrField<v1::FieldMapping> fields;
  std::vector<NotInvertible> missing;  // what stands in the way; fields that only these make are left out
};

// Of the chain and the mapping of a sync that does not take all fields.
Inverse Invert(const Transforms& transforms,
               const google::protobuf::RepeatedPtrField<v1::FieldMapping>& fields);

}  // namespace cognate::transform
