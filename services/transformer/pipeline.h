// The way of a wave through the stages: route → resolve → map → reference → decide. Each stage is a pure
// function in a file of its own; here they are put in a row, with the two questions to the registry between
// them.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "google/protobuf/arena.h"
#include "services/transformer/collect.h"
#include "services/transformer/decide.h"
#include "services/transformer/ledger.h"
#include "services/transformer/reference_cache.h"
#include "services/transformer/route.h"
#include "services/transformer/rule_set.h"

namespace cognate::transformer {

struct WaveResult {
  // The rules that the registry had meanwhile; 0 when it was not asked, or does not say. If it is newer than
  // the rules that were given nothing was planned, and there are no decisions.
  int64_t rules_revision = 0;
  // Somebody was assigned otherwise meanwhile: the wave is to be run again. What it planned stands until
  // then.
  bool is_reassigned = false;
  Decisions decisions;
  // Whose parts are to be made, as the rules that were given say; points into them and into the wave.
  Routed expanding;
  size_t routed = 0;
  size_t echoes = 0;
  size_t unreadable = 0;
};

// Everything that the answer points to lives on `arena`. An error is one of the ledger's; then nothing of the
// wave may be taken as done, and the whole wave can be run again. `cache` may be null.
absl::StatusOr<WaveResult> RunWave(const RuleSet& rules, const Wave& wave, const Ledger& ledger,
                                   ReferenceCache* cache, const LaneLimits& limits,
                                   google::protobuf::Arena* arena);

}  // namespace cognate::transformer
