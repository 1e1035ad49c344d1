#include "services/feedback/sorted_outcomes.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/outcome.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxOutcomes = 10'000;

using Key = std::pair<absl::string_view, absl::string_view>;  // Entity and model.
using Newest = absl::flat_hash_map<Key, const v1::Outcome*>;

Key KeyOf(const v1::Outcome& outcome) { return {outcome.entity_id(), outcome.model()}; }

absl::Status Validate(const v1::ReportRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (request.outcomes_size() > kMaxOutcomes) {
    return InvalidField("outcomes",
                        absl::StrCat("got ", request.outcomes_size(), ", want at most ", kMaxOutcomes));
  }
  for (int i = 0; i < request.outcomes_size(); ++i) {
    const v1::Outcome& outcome = request.outcomes(i);
    const auto field = [&](absl::string_view name) { return absl::StrCat("outcomes[", i, "].", name); };
    if (outcome.entity_id().size() != 16) {
      return InvalidField(field("entity_id"),
                          absl::StrCat("got ", outcome.entity_id().size(), " bytes, want 16"));
    }
    if (outcome.model().empty()) return InvalidField(field("model"), "got nothing, want the target model");
    if (outcome.status() == v1::OUTCOME_STATUS_UNSPECIFIED || !v1::OutcomeStatus_IsValid(outcome.status())) {
      return InvalidField(field("status"), "got none, want one of OutcomeStatus");
    }
    if (!outcome.waits_for_entity_id().empty() && outcome.waits_for_entity_id().size() != 16) {
      return InvalidField(field("waits_for_entity_id"), "got another size, want 16 bytes");
    }
  }
  for (int i = 0; i < request.platform_events_size(); ++i) {
    const v1::EventKind kind = request.platform_events(i).kind();
    if (kind != v1::EVENT_KIND_PLATFORM_DOWN && kind != v1::EVENT_KIND_PLATFORM_RECOVERED) {
      return InvalidField(absl::StrCat("platform_events[", i, "].kind"),
                          "want PLATFORM_DOWN or PLATFORM_RECOVERED");
    }
  }
  return absl::OkStatus();
}

void Keep(const v1::Outcome& outcome, Newest* newest) {
  const v1::Outcome*& kept = newest->try_emplace(KeyOf(outcome), &outcome).first->second;
  if (outcome.version() >= kept->version()) kept = &outcome;
}

void AddSettled(const v1::Outcome& outcome, const std::string& platform, SortedOutcomes* sorted,
                absl::flat_hash_map<absl::string_view, v1::SettleGroup*>* groups) {
  v1::SettleGroup*& group = (*groups)[outcome.model()];
  if (group == nullptr) {
    group = sorted->settle.add_groups();
    group->set_platform(platform);
    group->set_model(outcome.model());
  }
  const v1::SettleKind kind = SettleKindOf(outcome);
  group->add_entity_ids(outcome.entity_id());
  group->add_versions(outcome.version());
  group->add_kinds(kind);
  const bool is_there = kind != v1::SETTLE_KIND_DELETED && kind != v1::SETTLE_KIND_SKIPPED;
  group->add_local_ids(is_there ? outcome.local_id() : std::string());
  group->add_fingerprints(kind == v1::SETTLE_KIND_APPLIED ? outcome.fingerprint() : std::string());
  const Uuid entity = *Uuid::FromBytes(outcome.entity_id());
  if (kind != v1::SETTLE_KIND_INCOMPLETE) {
    sorted->settled.push_back(&outcome);
    sorted->settled_entities.push_back(entity);
    sorted->settled_models.push_back(outcome.model());
    sorted->settled_versions.push_back(outcome.version());
  }
  if (!outcome.acting_identity().empty() && kind != v1::SETTLE_KIND_SKIPPED)
    sorted->identities.push_back(outcome.acting_identity());
  if (is_there) {
    sorted->present_entities.push_back(entity);
    sorted->present_models.push_back(outcome.model());
  }
}

}  // namespace

absl::StatusOr<SortedOutcomes> SortOutcomes(const v1::ReportRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  SortedOutcomes sorted;
  Newest settling;
  Newest failing;
  settling.reserve(static_cast<size_t>(request.outcomes_size()));
  for (const v1::Outcome& outcome : request.outcomes()) {
    if (SettleKindOf(outcome) != v1::SETTLE_KIND_UNSPECIFIED) Keep(outcome, &settling);
    if (IsTrouble(outcome)) Keep(outcome, &failing);
  }
  absl::flat_hash_map<absl::string_view, v1::SettleGroup*> groups;
  for (const v1::Outcome& outcome : request.outcomes()) {  // In the order of the request.
    const auto newest = settling.find(KeyOf(outcome));
    if (newest != settling.end() && newest->second == &outcome)
      AddSettled(outcome, request.platform(), &sorted, &groups);
  }
  std::sort(sorted.identities.begin(), sorted.identities.end());
  sorted.identities.erase(std::unique(sorted.identities.begin(), sorted.identities.end()),
                          sorted.identities.end());
  for (const auto& [key, outcome] : failing) {
    const auto settled = settling.find(key);
    const bool overtaken = settled != settling.end() && !IsTrouble(*settled->second) &&
                           settled->second->version() >= outcome->version();
    if (!overtaken) sorted.troubled.push_back(outcome);
  }
  std::sort(sorted.troubled.begin(), sorted.troubled.end(),
            [](const v1::Outcome* a, const v1::Outcome* b) { return KeyOf(*a) < KeyOf(*b); });
  return sorted;
}

}  // namespace cognate::feedback
