// Puts the target's own paths into fields that lead to files, and holds back what points at a file that the
// target does not have yet.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "common/retry/backoff.h"
#include "common/worker/stop_token.h"
#include "services/delivery/emptied_files.h"
#include "services/delivery/file_question.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// Of one lane; not thread safe.
class Files {
 public:
  Files(std::string platform, const Clock& clock, FileBind bind);

  // Asks about all files of the round together. After it each item that has some either has its values, or is
  // answered: WAITING, or REJECTED. One that goes with a placeholder is incomplete. A round without files
  // costs nothing.
  //
  // Where file-transfer cannot be asked, what has files waits and comes again by itself; the rest of the
  // round goes on.
  void Fill(Round& round, StopToken& stop);

  // Once the same round is reported: what the target has taken without files lets go those that it had. Never
  // held up for long, and not at all while file-transfer is known to be down.
  void LetGo(const Round& round, StopToken& stop);

 private:
  absl::StatusOr<v1::BindResponse> Ask(const v1::BindRequest& request, StopToken& stop);
  void AskAll(const std::vector<RoundItem*>& items, StopToken& stop);
  void AskSome(absl::Span<RoundItem* const> items, StopToken& stop);
  bool is_down() const { return clock_.Now() < down_until_; }
  // Nobody is asked for a while.
  void SetDown();

  const std::string platform_;
  const Clock& clock_;
  const FileBind bind_;
  EmptiedFiles emptied_;
  int faults_ = 0;  // in a row
  Backoff down_backoff_;
  absl::Time down_until_ = absl::InfinitePast();
};

}  // namespace cognate::delivery
