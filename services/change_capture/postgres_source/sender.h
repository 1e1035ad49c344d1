// Hands groups of changes of one source to the appender, several in flight, each with the position behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/clock/clock.h"
#include "common/postgres/replication.h"
#include "common/trace/span.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {

// Groups are committed in the order in which they were sent; after one has failed no later one is. Not thread
// safe.
class PostgresSourceSender {
 public:
  struct Limits {
    size_t groups = 8;
    int64_t bytes = 16 << 20;
  };

  // `interrupt` is signalled when an answer has come; `owner` is from SourceStore::TakeOver. `committed` is
  // what the store has now.
  PostgresSourceSender(Appender& appender, const Clock& clock, std::string platform, int64_t owner,
                       SourcePosition committed, std::shared_ptr<postgres::Interrupt> interrupt,
                       Limits limits);

  // `progress`, if given, is saved with the group.
  void Send(std::vector<CapturedChange> changes, const SourcePosition& after,
            std::optional<StoredModel> progress = std::nullopt);
  // Takes the answers that have come. The first error is final: begin again from what the store has.
  absl::Status Collect();

  // Until there is room for another group, or until everything is committed; `tick` is called about every
  // second while waiting, and its error ends the wait.
  absl::Status AwaitRoom(absl::FunctionRef<absl::Status()> tick);
  absl::Status AwaitIdle(absl::FunctionRef<absl::Status()> tick);

  // What the store has now is not by our groups. Only while idle.
  void Reset(const SourcePosition& committed) { committed_ = committed; }

  bool idle() const { return in_flight_.empty(); }
  bool full() const { return in_flight_.size() >= limits_.groups || bytes_in_flight_ >= limits_.bytes; }
  // What is known to be in the log.
  const SourcePosition& committed() const { return committed_; }
  int64_t committed_changes() const { return committed_changes_; }
  // The version of the first change that was committed since ForgetFirstVersion; 0 if there was none.
  int64_t first_version() const { return first_version_; }
  void ForgetFirstVersion() { first_version_ = 0; }

 private:
  struct InFlight {
    std::future<absl::StatusOr<Appended>> answer;
    SourcePosition after;
    int64_t bytes = 0;
    int64_t changes = 0;
    trace::Span span;  // from its reading to its commit
  };

  Appender& appender_;
  const Clock& clock_;
  const std::string platform_;
  const int64_t owner_;
  const std::shared_ptr<postgres::Interrupt> interrupt_;
  const Limits limits_;
  SourcePosition committed_;
  int64_t sequence_ = 0;
  int64_t bytes_in_flight_ = 0;
  int64_t committed_changes_ = 0;
  int64_t first_version_ = 0;
  std::deque<InFlight> in_flight_;
};

}  // namespace cognate::change_capture
