// Tells file-transfer which fields of the target's records lead to no file any more. Nobody waits for it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "common/retry/backoff.h"
#include "common/worker/stop_token.h"
#include "services/delivery/file_question.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// Of one lane; not thread safe. What could not be said is said with a later round, of 10,000 records at most.
// What is lost (it is full, or the lane goes) is made good by the next change of the record that has files,
// and by file-transfer's own sweep once the record is deleted everywhere.
class EmptiedFiles {
 public:
  EmptiedFiles(std::string platform, const Clock& clock, FileBind bind);

  // A round begins; what was noted of the one before is forgotten, unless the target took it.
  void Begin() { noted_.clear(); }
  // It goes without files, and may have had some.
  void Note(size_t index, RoundItem& item);
  // It has files again: what is left to be said of it is no longer so.
  void Forget(const RoundItem& item);

  // Of what was noted, what the target has taken is to be said: of all else it still has the files.
  void Take(const Round& round);
  // For two seconds at most, and not soon again after a failure.
  void Say(StopToken& stop);

 private:
  using Key = std::pair<std::string, std::string>;  // entity, model

  // As many as one request takes; their keys in `said`.
  v1::BindRequest Next(int max_bindings, std::vector<Key>* said) const;

  const std::string platform_;
  const Clock& clock_;
  const FileBind bind_;
  Backoff backoff_;
  absl::Time not_before_ = absl::InfinitePast();
  std::vector<std::pair<size_t, v1::BindRequest>> noted_;
  absl::flat_hash_map<Key, v1::BindRequest> due_;
};

}  // namespace cognate::delivery
