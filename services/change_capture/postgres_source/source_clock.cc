#include "services/change_capture/postgres_source/source_clock.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace cognate::change_capture {

absl::Time SourceClock::Correct(absl::Time commit_time, pgoutput::Lsn position, absl::Time received) {
  const CorrectedStamp stamp = CorrectStamp(commit_time, offset_.correction(), received);
  if (stamp.out_of_bounds) {
    report_.AddOutOfBounds(absl::StrCat("the transaction at ", pgoutput::FormatLsn(position)), commit_time,
                           received);
  }
  last_ = std::max(last_, stamp.time);
  return last_;
}

const ClockReport& SourceClock::report() {
  report_.measured = offset_.measured();
  return report_;
}

}  // namespace cognate::change_capture
