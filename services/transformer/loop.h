// The loop between stream, pipeline and lanes. A round is some entries of the stream: their changes go
// through the pipeline in waves, what is due goes on the lanes, what is refused to feedback; then the batches
// are acknowledged, beside the next round. Nothing is acknowledged before all of that, so a round that is
// broken off is done again, by this replica or another.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/health/progress_monitor.h"
#include "common/redis/client.h"
#include "common/retry/backoff.h"
#include "common/trace/span.h"
#include "common/worker/stop_token.h"
#include "google/protobuf/arena.h"
#include "services/clients/rules_follower.h"
#include "services/transformer/acknowledger.h"
#include "services/transformer/change_reader.h"
#include "services/transformer/expand.h"
#include "services/transformer/metrics.h"
#include "services/transformer/peers_client.h"
#include "services/transformer/pipeline.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

struct LoopOptions {
  redis::Options redis;
  std::string stream_prefix;
  ReaderOptions reader;
  size_t wave_changes = 1'000;
  LaneLimits entry;
  int64_t lane_batches = 64;                            // a lane with so many entries is full
  absl::Duration lane_hold = absl::Seconds(1);          // see LookAtLanes
  absl::Duration cache_time = absl::Milliseconds(500);  // of hot references
  size_t cache_size = 20'000;
  BackoffPolicy backoff = {absl::Milliseconds(20), 2.0, absl::Seconds(2)};
};

// What all loops of a process share; outlives them.
struct LoopParts {
  const Clock& clock;
  clients::RulesFollower<RuleSet>& rules;
  Ledger ledger;
  PeersClient& peers;
  Metrics& metrics;
};

// Used by one thread.
class Loop {
 public:
  Loop(LoopOptions options, LoopParts parts, health::ProgressMonitor& monitor);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Until stopped, and the round in hand is done or has failed.
  void Run(StopToken& stop);
  // After that; or before, when it takes too long: ends a wait that the stop token does not reach.
  void RequestStop() { acknowledger_.RequestStop(); }

 private:
  enum class State {
    kRead,    // entries from the stream
    kRules,   // of at least the round's revision
    kPlan,    // the first wave through the pipeline
    kParts,   // what records come to as parts goes to change_capture
    kLanes,   // what is due goes on its lanes
    kReport,  // what is refused goes to feedback; then the next wave
    kFinish,  // to the acknowledger
  };
  struct Round {
    std::vector<std::string> entry_ids;
    std::vector<const bus::v1::ChangeBatch*> batches;
    size_t changes = 0;
    int64_t rules_revision = 0;
    absl::Time start;
    trace::Span span;
  };

  // Does what the state is for and sets the next one. An error leaves the state: the same is tried again
  // after a while.
  absl::Status Step(StopToken& stop);
  absl::Status Read();
  absl::Status Rules();
  absl::Status Plan();
  absl::Status Parts();
  absl::Status Lanes(StopToken& stop);
  absl::Status Report();
  absl::Status Finish();

  absl::StatusOr<redis::Client*> Redis();
  absl::Status TakeEntries(const std::vector<redis::Entry>& entries);
  // After an error of the ledger that trying again does not mend.
  absl::Status Isolate(const absl::Status& status);
  absl::Status GiveUp(const absl::Status& status);
  // Whether the rules changed after they were taken; then the newer ones are taken.
  absl::StatusOr<bool> RulesAreOld(int64_t seen_revision);
  void NextWave();
  bool MayHold(absl::Time now) const;

  const LoopOptions options_;
  const LoopParts parts_;
  health::ProgressMonitor& monitor_;
  ChangeReader reader_;
  ReferenceCache cache_;
  Backoff backoff_;
  std::unique_ptr<redis::Client> redis_;
  Acknowledger acknowledger_;

  State state_ = State::kRead;
  google::protobuf::Arena round_arena_;
  std::vector<char> wave_block_;
  google::protobuf::Arena wave_arena_;
  Round round_;
  std::shared_ptr<const RuleSet> rules_;
  std::deque<Wave> waves_;                                    // still to go; the first is in hand
  Decisions decisions_;                                       // of the first wave
  Routed expanding_;                                          // the wave's parents; points into rules_
  ExpandPlace expand_place_;                                  // of the parts that are in hand
  int strikes_ = 0;                                           // failures of a wave of one change
  absl::flat_hash_map<std::string, absl::Time> last_active_;  // of lanes
};

}  // namespace cognate::transformer
