// Which platforms the records of a wave are assigned to: asked only for models whose syncs look at that.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "cognate/v1/ledger_service.pb.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

struct Resolved;

// Without groups where no sync looks. `make` the identities that are missing: the assignments that are set
// later are then found by the record.
v1::ResolveRequest AskAssigned(const Routed& routed, bool make);

class Assigned {
 public:
  // Of the answer to AskAssigned. INTERNAL if it does not fit the question.
  static absl::StatusOr<Assigned> Read(const Routed& routed, const v1::ResolveResponse& response);

  // Platforms' ids, of Routed.changes[change]; empty where nobody looks.
  absl::Span<const std::string> Of(size_t change) const {
    const int32_t place = change < places_.size() ? places_[change] : -1;
    return place < 0 ? absl::Span<const std::string>() : sets_[static_cast<size_t>(place)];
  }

  // The entity whose they are; empty where nobody looks, or it is not known.
  absl::string_view EntityOf(size_t change) const {
    return change < entities_.size() ? absl::string_view(entities_[change]) : absl::string_view();
  }
  // UNAVAILABLE where a record has become another entity since it was asked for: its local id was used anew.
  absl::Status CheckEntities(const Resolved& resolved) const;

 private:
  std::vector<std::vector<std::string>> sets_;
  std::vector<int32_t> places_;        // as Routed.changes; -1: not asked
  std::vector<std::string> entities_;  // as places_
};

}  // namespace cognate::transformer
