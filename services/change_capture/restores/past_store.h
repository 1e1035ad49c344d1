// What records were at a time, by the log.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/record_id.h"

namespace cognate::change_capture {

// Thread safe.
class PastStore {
 public:
  PastStore(postgres::Pool& pool, ChangeLog& log) : pool_(pool), log_(log) {}

  // What each record's platform had said of it by then, and what it has said last; nullopt where it had said
  // nothing.
  struct Past {
    std::optional<LoggedState> then;
    std::optional<LoggedState> now;
  };
  absl::StatusOr<std::vector<Past>> At(const std::vector<RecordId>& records, absl::Time time);

 private:
  postgres::Pool& pool_;
  ChangeLog& log_;
};

}  // namespace cognate::change_capture
