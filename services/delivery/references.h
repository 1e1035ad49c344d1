// Finds the target's ids of referenced records: first among what this lane has applied itself, then in the
// ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/ids/uuid.h"
#include "services/clients/registry_client.h"
#include "services/delivery/round.h"

namespace cognate::delivery {

// Local ids by entity and model, of about `capacity` entries: what was used least lately goes first.
class AppliedCache {
 public:
  explicit AppliedCache(size_t capacity) : half_(capacity / 2 + 1) {}

  void Put(absl::string_view entity_id, absl::string_view model, absl::string_view local_id);
  // Empty if it is not known. Valid until the next call.
  absl::string_view Get(absl::string_view entity_id, absl::string_view model);
  void Erase(absl::string_view entity_id, absl::string_view model);

 private:
  using Key = std::pair<Uuid, uint32_t>;
  Key KeyOf(absl::string_view entity_id, absl::string_view model);

  // Two generations: a full young one becomes the old one, and what is used moves back into the young one.
  const size_t half_;
  absl::flat_hash_map<Key, std::string> young_;
  absl::flat_hash_map<Key, std::string> old_;
  absl::flat_hash_map<std::string, uint32_t> models_;
};

// Of one lane; not thread safe.
class References {
 public:
  References(std::string platform, clients::RegistryClient& registry, size_t capacity)
      : platform_(std::move(platform)), registry_(registry), cache_(capacity) {}

  // Takes out of `item.missing` what is known, and sets its local id.
  void Fill(RoundItem& item);
  // The same for a whole round, with what the ledger knows; `own_ids`: also the ids of the records themselves
  // that were made after they were planned. An error of the ledger leaves the rest missing.
  absl::Status FillFromLedger(Round& round, bool own_ids);
  // Whether the target has answered with a local id of this record lately.
  bool Knows(absl::string_view entity_id, absl::string_view model) {
    return !cache_.Get(entity_id, model).empty();
  }
  // What a target answered.
  void Learn(const v1::Outcome& outcome);

 private:
  void FillOwnId(RoundItem& item);

  const std::string platform_;
  clients::RegistryClient& registry_;
  AppliedCache cache_;
};

}  // namespace cognate::delivery
