#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"

namespace cognate::feedback {

// When the newest canary was captured that a target has, by source and target.
using NewestCanaries = std::map<std::pair<std::string, std::string>, absl::Time>;

// The table `canaries`: what all processes together know. Thread safe.
class CanaryStore {
 public:
  explicit CanaryStore(postgres::Pool& pool) : pool_(pool) {}

  // Adds what is newer than what is there, and gives what is there then.
  absl::StatusOr<NewestCanaries> Exchange(const NewestCanaries& newest);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::feedback
