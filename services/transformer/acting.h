// In whose name records are written: fields of theirs, and fields of records that they name, which are read
// from the change log in one question for a wave; only for syncs that say so.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

class Acting {
 public:
  // Without records where nothing has to be asked; each record once.
  v1::ListPreviousChangesRequest Ask(const Routed& routed);
  // INTERNAL if the answer does not fit the question.
  absl::Status Learn(const v1::ListPreviousChangesResponse& response);

  // The first of the target's paths that is there and not empty.
  std::string Of(const Routed& routed, size_t change, const TargetPlan& target) const;

 private:
  struct Named {
    int place = 0;  // in the question
    v1::Change change;
  };
  static std::string KeyOf(const SourcePlan& plan, const ActingPath& path, absl::string_view local_id);

  absl::flat_hash_map<std::string, Named> named_;
};

}  // namespace cognate::transformer
