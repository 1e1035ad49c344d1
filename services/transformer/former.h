// What records were before their changes (`old` in conditions and scripts): asked only for models of which a
// chain looks at that, in one question for a wave.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// Without records where no chain looks. Deletes run no chain.
v1::ListPreviousChangesRequest AskFormer(const Routed& routed);

class Former {
 public:
  // Of the answer to AskFormer, on the arena. INTERNAL if it does not fit the question.
  static absl::StatusOr<Former> Read(const Routed& routed, v1::ListPreviousChangesResponse response,
                                     google::protobuf::Arena* arena);

  // By the slots of the record's plan; empty where nobody looks, and where there was no record.
  absl::Span<const v1::Value* const> Of(size_t change) const {
    return change < rows_.size() ? rows_[change] : absl::Span<const v1::Value* const>();
  }

 private:
  std::vector<absl::Span<const v1::Value* const>> rows_;  // as Routed.changes
};

}  // namespace cognate::transformer
