#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/sync/mutex.h"

namespace cognate::health {

// What a check is about. A stage that stands still is not ready; whether calls are answered all the same is
// another question: a service that went away from its callers with every one of its stages would take along
// what still works.
enum class Concern {
  kProgress,  // work that goes on behind the calls
  kCalls,     // what the calls themselves need
};

// Named questions whose answers together say whether to send work here. Thread-safe. One for each service;
// the admin server and the gRPC health service ask it about once a second, so a check looks at what is known
// and waits for nothing.
class Readiness {
 public:
  using Check = std::function<absl::Status()>;
  struct Answer {
    std::string name;
    absl::Status status;
    Concern concern = Concern::kProgress;
  };

  // `check` must stay callable until Clear or the end of this object; a second check of the same name
  // replaces the first.
  void AddCheck(absl::string_view name, Check check, Concern concern = Concern::kProgress);
  void RemoveCheck(absl::string_view name);
  void Clear();

  // All answers, in the order in which the checks were added.
  std::vector<Answer> Ask() const;
  // OK, or what is wrong, in words: "postgres: connection refused; stage capture: …".
  absl::Status Ready() const;

 private:
  struct Named {
    std::string name;
    Check check;
    Concern concern;
  };
  mutable Mutex mutex_;
  std::vector<Named> checks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::health
