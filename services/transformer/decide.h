// What is due: the question to the ledger, and what follows from its answer.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "google/protobuf/arena.h"
#include "services/transformer/map.h"
#include "services/transformer/resolve.h"
#include "services/transformer/route.h"

namespace cognate::transformer {

// What the target will have; empty where something is left open. An amended version is written even where it
// changes nothing: what the target then says of it brings it to the record that it was made for. That record
// may hold something else than is known of it.
std::string FingerprintOf(const RoutedChange& change, const Item& item);

struct PlanQuestion {
  v1::PlanRequest request;
  struct Place {
    int group = 0;
    int index = 0;
  };
  std::vector<Place> places;  // as Mapped.items
};

// Everything that is rendered, refused things too: the ledger must know what a target should have. Deleted
// source records become tombstones; what living ones hold is told where others write to them as well, unless
// they are `echoes`.
PlanQuestion AskPlan(const Routed& routed, const Resolved& resolved, const std::vector<bool>& echoes,
                     const Mapped& mapped);

// Entries of one lane, in order.
struct LaneOrder {
  std::string platform;
  std::vector<bus::v1::LaneBatch*> batches;  // on the arena
  int deliveries = 0;
};

struct LaneLimits {
  int deliveries = 500;
  size_t bytes = 256 << 10;  // full lanes of slow targets must not fill Redis for all the others
};

struct Decisions {
  std::vector<LaneOrder> lanes;
  std::vector<v1::ReportRequest> reports;  // what is due but cannot be sent
  int due = 0;
  int stale = 0;
  int applied = 0;
};

// Takes the deliveries of `mapped`. INTERNAL if the answer does not fit the question.
absl::StatusOr<Decisions> Decide(const Routed& routed, Mapped mapped, const PlanQuestion& question,
                                 const v1::PlanResponse& response, int64_t rules_revision,
                                 const LaneLimits& limits, google::protobuf::Arena* arena);

}  // namespace cognate::transformer
