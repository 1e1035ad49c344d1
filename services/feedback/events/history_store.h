#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/event_service.pb.h"
#include "common/postgres/pool.h"

namespace cognate::feedback {

// What one target did lately.
struct LatelyDone {
  std::string platform;
  double last_minute = 0;
  int64_t last_hour = 0;
  int64_t last_day = 0;
  int64_t last_week = 0;
  absl::Time last_applied = absl::InfinitePast();  // infinite: nothing yet
};

// The tables `done_per_minute`, which EventStore::Append fills, and `done_per_hour`. Minutes are good for the
// last 24 hours, hours for all before. Thread safe.
class HistoryStore {
 public:
  explicit HistoryStore(postgres::Pool& pool) : pool_(pool) {}

  absl::StatusOr<std::vector<LatelyDone>> Lately(absl::Time now);
  // By time, then platform; of all platforms where `platform` is empty.
  absl::StatusOr<std::vector<v1::HistoryPoint>> Points(v1::HistoryStep step, absl::string_view platform,
                                                       absl::Time since, absl::Time now);

  // Brings the hours up to date with the minutes; may be done twice, by several, and after any pause.
  absl::Status RollUp();
  // Deletes minutes and hours that are not kept any more: only what was rolled up.
  absl::Status DeleteOld(absl::Time now);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::feedback
