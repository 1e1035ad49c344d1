// Packs deliveries into entries of lanes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/arena.h"
#include "services/transformer/decide.h"

namespace cognate::transformer {

// Keeps the order in which shapes and deliveries first come. Not thread safe.
class LanePacker {
 public:
  LanePacker(int64_t rules_revision, const LaneLimits& limits, google::protobuf::Arena* arena)
      : rules_revision_(rules_revision), limits_(limits), arena_(arena) {}

  // `delivery` lives on the arena.
  void Add(const SourcePlan& source, const Shape& shape, bus::v1::Delivery* delivery);
  std::vector<LaneOrder> Take() { return std::move(lanes_); }

 private:
  // The entry that is being filled.
  struct Open {
    size_t lane = 0;
    bus::v1::LaneBatch* batch = nullptr;
    int deliveries = 0;
    size_t bytes = 0;
    absl::flat_hash_map<const Shape*, bus::v1::DeliveryGroup*> groups;
  };
  Open& OpenFor(const std::string& platform);
  void Begin(Open& open);
  bus::v1::DeliveryGroup* GroupFor(Open& open, const SourcePlan& source, const Shape& shape);

  const int64_t rules_revision_;
  const LaneLimits limits_;
  google::protobuf::Arena* const arena_;
  std::vector<LaneOrder> lanes_;
  std::vector<Open> open_;  // as lanes_: few
};

}  // namespace cognate::transformer
