// The clock of one source's database: when its transactions were committed, by our clock. Bytes, connections
// and threads are elsewhere.
#pragma once

#include "absl/time/time.h"
#include "services/change_capture/clock_offset.h"
#include "services/change_capture/postgres_source/pgoutput.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

// Not thread safe.
class SourceClock {
 public:
  RoundTripOffset& offset() { return offset_; }

  // When the transaction whose commit record begins at `position` was committed. Never earlier than what this
  // has said of those before it, so that no new measurement turns a source's own commits around; and never
  // later than its receipt, so that a stamp that was far ahead holds nobody up.
  absl::Time Correct(absl::Time commit_time, pgoutput::Lsn position, absl::Time received);

  // What is to be told about it: as measured now, with what was out of bounds since Told.
  const ClockReport& report();
  void Told() { report_ = {}; }

 private:
  RoundTripOffset offset_;
  absl::Time last_ = absl::InfinitePast();
  ClockReport report_;
};

}  // namespace cognate::change_capture
