// Who waits for whom on one platform; each waits for one at most.
#pragma once

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

class WaitGraph {
 public:
  // Takes up a trouble, if it blocks whoever waits for it.
  void Add(Trouble trouble);

  // Records that are waited for by one that was taken up, and of which nothing is known here yet: to be
  // looked up. Each is named once; one that is not taken up afterwards is known to end the chain.
  std::vector<TroubleKey> TakeUnknown();

  // Closed chains, each once, beginning with its smallest key, so that whoever finds one sees the same.
  std::vector<std::vector<const Trouble*>> Cycles() const;

 private:
  absl::flat_hash_map<TroubleKey, Trouble> blocked_;
  absl::flat_hash_map<TroubleKey, bool> asked_;
  std::vector<TroubleKey> unknown_;
};

}  // namespace cognate::feedback
