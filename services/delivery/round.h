// What a lane sends at a time: the deliveries of several entries of its stream, of each entity and model the
// newest.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "common/trace/context.h"
#include "services/delivery/channel.h"

namespace cognate::delivery {

struct LaneEntry {
  std::string id;
  bus::v1::LaneBatch batch;
  size_t size = 0;           // deliveries
  trace::SpanContext trace;  // of which it was added as a part
};

struct RoundItem {
  const bus::v1::DeliveryGroup* group = nullptr;
  bus::v1::Delivery* delivery = nullptr;
  // References in its values that have no local id yet.
  std::vector<v1::Reference*> missing;
  // What is sent in the place of `delivery`, where that has references inside lists or texts.
  std::unique_ptr<bus::v1::Delivery> written;
  // In plain words, a file in whose place a placeholder is sent; empty: none.
  std::string waits_for_file;
  // Without a status until the target has answered.
  v1::Outcome outcome;
  bool told = false;   // it is on its way to feedback
  bool taken = false;  // and the target has it

  bool is_answered() const { return outcome.status() != v1::OUTCOME_STATUS_UNSPECIFIED; }
  bool is_complete() const { return missing.empty() && waits_for_file.empty(); }
  Outgoing ToSend() const { return {group, written ? written.get() : delivery, is_complete()}; }
  bool is_delete() const { return delivery->operation() == v1::OPERATION_DELETE; }
};

class Round {
 public:
  // Takes the entries over; older versions of what comes twice are left out.
  explicit Round(std::vector<LaneEntry> entries);
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  std::vector<RoundItem>& items() { return items_; }
  const std::vector<RoundItem>& items() const { return items_; }
  std::vector<std::string> EntryIds() const;

  // The position of an item; -1 if this round does not have it.
  int Find(absl::string_view entity_id, absl::string_view model) const;

 private:
  using Key = std::pair<absl::string_view, absl::string_view>;

  std::vector<LaneEntry> entries_;  // never moved: items and keys point into them
  std::vector<RoundItem> items_;
  absl::flat_hash_map<Key, size_t> positions_;
};

// Puts the items of a round into an order in which references find what they refer to.
//
//   Waves waves(round, [&](RoundItem& item) { references.Fill(item); });
//   for (Wave wave = waves.Next(); !wave.items.empty(); wave = waves.Next()) … apply, learn local ids …
//   report waves.waiting() as WAITING
//
// What is answered already does not go. Parents go first. A cycle is opened at items that may be written
// incomplete. Deletes go last.
class Waves {
 public:
  // `fill` takes out of `missing` what is known by now.
  using Fill = std::function<void(RoundItem&)>;
  Waves(Round& round, Fill fill);

  struct Wave {
    std::vector<size_t> items;
    std::vector<Outgoing> deliveries;  // entry for entry
  };
  // What can go now; empty when nothing more can.
  Wave Next();
  // After the last wave: what refers to something that is not there.
  const std::vector<size_t>& waiting() const { return waiting_; }

 private:
  enum class State { kReady, kBlocked, kWaiting };
  State StateOf(RoundItem& item) const;
  void Add(size_t index, Wave* wave) const;

  Round& round_;
  const Fill fill_;
  std::vector<size_t> open_;  // upserts that have not gone, in order
  std::vector<bool> is_open_;
  std::vector<size_t> deletes_;
  std::vector<size_t> waiting_;
};

// True if every missing reference may be left empty for now.
bool AllOptional(const RoundItem& item);
// WAITING for the first of its missing references.
v1::Outcome WaitingOutcome(const RoundItem& item);
// Names in a WAITING or INCOMPLETE outcome what is waited for.
void SetWaitsFor(const RoundItem& item, v1::Outcome* outcome);

}  // namespace cognate::delivery
