#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/postgres/connection.h"

namespace cognate::cli {

struct LostIdentities {
  int64_t forgotten = 0;
  std::vector<std::string> notes;  // of targets that could not be asked
};

// The time that a restore has lost.
struct LostTime {
  std::string from;  // RFC 3339: when the backup was made
  absl::Time until;  // when the restore began
};

// SQL targets remember which entity each of their records is. Entities of the time that a restore has lost
// are known to nobody else, and would keep the records from being found again by their natural keys: they are
// forgotten there, as far as they were written in that time. The records themselves are left alone. To be
// done again where a target could not be asked. Writes to platforms: never where another cluster serves them.
LostIdentities ForgetLostIdentities(postgres::Connection& own, const LostTime& time);

// The targets that this would ask, by their names.
absl::StatusOr<std::vector<std::string>> TargetsWithIdentities(postgres::Connection& own);

}  // namespace cognate::cli
