#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/postgres/connection.h"

namespace cognate::cli {

struct LostIdentities {
  int64_t forgotten = 0;
  std::vector<std::string> notes;  // of targets that could not be asked
};

// SQL targets remember which entity each of their records is. Entities of the time that a restore has lost
// are known to nobody else, and would keep the records from being found again by their natural keys: they are
// forgotten there. The records themselves are left alone. To be done again where a target could not be asked.
absl::Status ForgetLostIdentities(postgres::Connection& own, LostIdentities* lost);

}  // namespace cognate::cli
