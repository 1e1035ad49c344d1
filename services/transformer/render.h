// From changes to deliveries, as far as nothing is planned: what the pipeline delivers, and what a preview
// shows.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "cognate/v1/ledger_service.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/collect.h"
#include "services/transformer/echo.h"
#include "services/transformer/former.h"
#include "services/transformer/ledger.h"
#include "services/transformer/map.h"
#include "services/transformer/reach.h"
#include "services/transformer/reference_cache.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"
#include "services/transformer/rule_set.h"
#include "services/transformer/transform.h"

namespace cognate::transformer {

// Not movable: its parts point at each other. They live as long as it and the arena.
struct Rendering {
  Rendering() = default;
  Rendering(const Rendering&) = delete;
  Rendering& operator=(const Rendering&) = delete;

  Routed routed;
  Assigned assigned;
  Former former;
  Reach reach;
  Candidates candidates;
  ResolveQuestion question;
  v1::ResolveResponse identities;
  Resolved resolved;
  std::vector<bool> echoes;  // as FindEchoes
  Mapped mapped;
  int64_t rules_revision = 0;  // as Resolve answered; 0 if it was not asked
};

// Runs route, transform, resolve, map and reference. Stops after Resolve, with nothing mapped, if the answer
// tells of newer rules than these. With Missing::kLeave a record that nobody knows has an entity id of zeros.
// An error is one of the other services'. `cache` may be null.
absl::Status Render(const RuleSet& rules, const Wave& wave, Missing missing, const Ledger& ledger,
                    ReferenceCache* cache, google::protobuf::Arena* arena, Rendering* rendering);

}  // namespace cognate::transformer
