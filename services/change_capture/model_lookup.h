// Models of the log by the names that requests have for them.
#pragma once

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/record.pb.h"
#include "common/status/status_macros.h"
#include "services/change_capture/change_log.h"

namespace cognate::change_capture {

// For the records of one request: each model is looked up once, for an unknown one costs a query. The records
// outlive it.
class ModelLookup {
 public:
  explicit ModelLookup(ChangeLog& log) : log_(log) {}

  // nullptr if nothing of the model was ever captured.
  absl::StatusOr<const LoggedModel*> Find(const v1::RecordKey& record) {
    const std::pair<absl::string_view, absl::string_view> names{record.platform(), record.model()};
    const auto known = known_.find(names);
    if (known != known_.end()) return known->second;
    ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(record.platform(), record.model()));
    return known_.emplace(names, model).first->second;
  }

 private:
  ChangeLog& log_;
  absl::flat_hash_map<std::pair<absl::string_view, absl::string_view>, const LoggedModel*> known_;
};

}  // namespace cognate::change_capture
