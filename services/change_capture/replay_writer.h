// Puts what is in the log on its way again: as batches of their own, which are as durable as those of
// captures.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock/clock.h"
#include "common/postgres/pool.h"
#include "services/change_capture/batch_store.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/stream_feeder.h"

namespace cognate::change_capture {

// Towards whom, and how.
struct ReplayOptions {
  std::string target_platform;  // empty: all
  bool allow_incomplete = false;
  bool renew = false;  // as new versions
};

// Thread safe.
class ReplayWriter {
 public:
  ReplayWriter(postgres::Pool& pool, StreamFeeder& feeder, const Catalogue& catalogue, const Clock& clock)
      : pool_(pool), feeder_(feeder), catalogue_(catalogue), clock_(clock) {}

  // `states` in any order. Commits the batches of these states, and with them what `along` writes; then they
  // go on the stream.
  absl::Status Write(std::vector<LoggedState> states, const ReplayOptions& options,
                     const std::function<absl::Status(postgres::Transaction&)>& along = nullptr);
  // The same for states that `make` writes or finds in the transaction itself. May run more than once.
  using Make = std::function<absl::StatusOr<std::vector<LoggedState>>(postgres::Transaction&)>;
  absl::Status WriteMade(const ReplayOptions& options, const Make& make);

 private:
  postgres::Pool& pool_;
  StreamFeeder& feeder_;
  const Catalogue& catalogue_;
  const Clock& clock_;
};

}  // namespace cognate::change_capture
