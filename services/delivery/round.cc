#include "services/delivery/round.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/codec/late_ids.h"

namespace cognate::delivery {
namespace {

std::vector<v1::Reference*> MissingReferences(bus::v1::Delivery& delivery) {
  std::vector<v1::Reference*> missing;
  for (v1::Value& value : *delivery.mutable_values()) {
    codec::ForEachReference(&value, [&](v1::Value* found) {
      if (found->reference_value().local_id().empty()) missing.push_back(found->mutable_reference_value());
    });
  }
  return missing;
}

// The delivery as it is sent: lists and texts with references inside are written with the ids that are known.
// The original stays, for the ids that are not.
void Write(RoundItem& item) {
  bool nests = false;
  for (const v1::Value& value : item.delivery->values())
    nests |= !value.has_reference_value() && codec::HoldsReferences(value);
  if (!nests) return;
  item.written = std::make_unique<bus::v1::Delivery>(*item.delivery);
  for (v1::Value& value : *item.written->mutable_values()) {
    v1::Value plain;
    if (value.has_reference_value() || !codec::HoldsReferences(value)) continue;
    if (codec::WriteIds(value, &plain).ok()) value.Swap(&plain);
  }
}

// What must be there wins over what may be.
const v1::Reference& Awaited(const RoundItem& item) {
  for (const v1::Reference* reference : item.missing) {
    if (!reference->optional()) return *reference;
  }
  return *item.missing.front();
}

}  // namespace

Round::Round(std::vector<LaneEntry> entries) : entries_(std::move(entries)) {
  for (LaneEntry& entry : entries_) {
    for (bus::v1::DeliveryGroup& group : *entry.batch.mutable_groups()) {
      for (bus::v1::Delivery& delivery : *group.mutable_deliveries()) {
        const auto [known, is_new] =
            positions_.emplace(Key(delivery.entity_id(), group.model()), items_.size());
        if (is_new) {
          items_.push_back({&group, &delivery, {}, {}, {}, {}, false});
        } else if (items_[known->second].delivery->version() <= delivery.version()) {
          items_[known->second] = {&group, &delivery, {}, {}, {}, {}, false};
        }
      }
    }
  }
  for (RoundItem& item : items_) {
    if (!item.is_delete()) item.missing = MissingReferences(*item.delivery);
  }
}

std::vector<std::string> Round::EntryIds() const {
  std::vector<std::string> ids;
  for (const LaneEntry& entry : entries_) ids.push_back(entry.id);
  return ids;
}

int Round::Find(absl::string_view entity_id, absl::string_view model) const {
  const auto found = positions_.find(Key(entity_id, model));
  return found == positions_.end() ? -1 : static_cast<int>(found->second);
}

Waves::Waves(Round& round, Fill fill)
    : round_(round), fill_(std::move(fill)), is_open_(round.items().size(), false) {
  for (size_t i = 0; i < round_.items().size(); ++i) {
    if (round_.items()[i].is_answered()) continue;
    const bool is_delete = round_.items()[i].is_delete();
    (is_delete ? deletes_ : open_).push_back(i);
    is_open_[i] = !is_delete;
  }
}

Waves::State Waves::StateOf(RoundItem& item) const {
  if (item.missing.empty()) return State::kReady;
  fill_(item);
  if (item.missing.empty()) return State::kReady;
  for (const v1::Reference* reference : item.missing) {
    const int parent = round_.Find(reference->entity_id(), reference->model());
    if (parent >= 0 && is_open_[static_cast<size_t>(parent)]) return State::kBlocked;
  }
  return item.delivery->allow_incomplete() && AllOptional(item) ? State::kReady : State::kWaiting;
}

void Waves::Add(size_t index, Wave* wave) const {
  RoundItem& item = round_.items()[index];
  Write(item);
  wave->items.push_back(index);
  wave->deliveries.push_back(item.ToSend());
}

Waves::Wave Waves::Next() {
  Wave wave;
  std::vector<size_t> blocked;
  size_t settled = 0;  // found to be waiting, which may unblock others
  for (const size_t index : open_) {
    const State state = StateOf(round_.items()[index]);
    if (state == State::kReady) Add(index, &wave);
    if (state == State::kBlocked) blocked.push_back(index);
    if (state == State::kWaiting) {
      waiting_.push_back(index);
      is_open_[index] = false;
      ++settled;
    }
  }
  if (wave.items.empty() && !blocked.empty()) {
    if (settled > 0) {
      open_ = std::move(blocked);
      return Next();
    }
    // Nothing but cycles is left, and what hangs on them.
    std::vector<size_t> stuck;
    for (const size_t index : blocked) {
      const RoundItem& item = round_.items()[index];
      const bool opens = item.delivery->allow_incomplete() && AllOptional(item);
      opens ? Add(index, &wave) : stuck.push_back(index);
    }
    blocked = std::move(stuck);
    if (wave.items.empty()) {
      waiting_.insert(waiting_.end(), blocked.begin(), blocked.end());
      blocked.clear();
    }
  }
  for (const size_t index : wave.items) is_open_[index] = false;
  open_ = std::move(blocked);
  if (open_.empty()) {
    for (const size_t index : deletes_) Add(index, &wave);
    deletes_.clear();
  }
  return wave;
}

bool AllOptional(const RoundItem& item) {
  return std::all_of(item.missing.begin(), item.missing.end(),
                     [](const v1::Reference* reference) { return reference->optional(); });
}

void SetWaitsFor(const RoundItem& item, v1::Outcome* outcome) {
  if (!item.waits_for_file.empty()) {
    outcome->set_waits_for_file(item.waits_for_file);
    outcome->mutable_error()->set_reason("FILE_MISSING");
    outcome->mutable_error()->set_message(item.waits_for_file);
  }
  if (item.missing.empty()) return;
  const v1::Reference& awaited = Awaited(item);
  outcome->set_waits_for_entity_id(awaited.entity_id());
  outcome->set_waits_for_model(awaited.model());
  outcome->mutable_waits_for_source()->set_platform(item.group->source_platform());
  outcome->mutable_waits_for_source()->set_model(awaited.source_model());
  outcome->mutable_waits_for_source()->set_local_id(awaited.source_local_id());
  outcome->set_may_be_incomplete(AllOptional(item));
  outcome->mutable_error()->set_reason("REFERENCE_MISSING");
  outcome->mutable_error()->set_message(
      awaited.model().empty()
          ? absl::StrCat("it refers to ", awaited.source_model(), " ", awaited.source_local_id(),
                         ", and no sync brings ", awaited.source_model(), " to this platform: add one")
          : absl::StrCat("it refers to ", awaited.source_model(), " ", awaited.source_local_id(),
                         ", which is not in ", awaited.model(), " on this platform yet"));
}

v1::Outcome WaitingOutcome(const RoundItem& item) {
  v1::Outcome outcome;
  outcome.set_entity_id(item.delivery->entity_id());
  outcome.set_model(item.group->model());
  outcome.set_version(item.delivery->version());
  outcome.set_operation(item.delivery->operation());
  outcome.set_local_id(item.delivery->local_id());
  outcome.set_status(v1::OUTCOME_STATUS_WAITING);
  SetWaitsFor(item, &outcome);
  return outcome;
}

}  // namespace cognate::delivery
