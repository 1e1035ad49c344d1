#include "services/change_capture/conflicts/conflict_loop.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/strip.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/conflicts/lineage.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

// So often the place in the log is saved although nothing was found.
constexpr int64_t kSaveEvery = 10'000;

v1::ConflictPolicy PolicyOf(const v1::Sync& sync, const std::string& target_field) {
  for (const v1::FieldMapping& mapping : sync.fields()) {
    if (mapping.target() == target_field && mapping.conflict_policy() != v1::CONFLICT_POLICY_UNSPECIFIED) {
      return mapping.conflict_policy();
    }
  }
  return sync.conflict_policy() == v1::CONFLICT_POLICY_UNSPECIFIED ? v1::CONFLICT_POLICY_NEWEST
                                                                   : sync.conflict_policy();
}

absl::string_view PolicyWord(v1::ConflictPolicy policy) {
  return absl::StripPrefix(v1::ConflictPolicy_Name(policy), "CONFLICT_POLICY_");
}

// A conflict has at least one field. Those of one sync mostly have one policy.
absl::string_view PolicyWord(const v1::Conflict& conflict) {
  return PolicyWord(conflict.state() == v1::CONFLICT_STATE_OPEN ? v1::CONFLICT_POLICY_MANUAL
                                                                : conflict.fields(0).policy());
}

}  // namespace

void ConflictLoop::ShowPolicies() {
  for (int policy = v1::CONFLICT_POLICY_NEWEST; policy <= v1::ConflictPolicy_MAX; ++policy) {
    if (v1::ConflictPolicy_IsValid(policy)) met_.With({PolicyWord(static_cast<v1::ConflictPolicy>(policy))});
  }
}

void ConflictLoop::Start() {
  worker_ = std::make_unique<Worker>("conflicts", [this](StopToken& stop) { Run(stop); });
}

void ConflictLoop::Run(StopToken& stop) {
  absl::Duration wait = absl::ZeroDuration();
  while (!stop.WaitFor(wait)) {
    const absl::StatusOr<absl::Duration> next = Look();
    wait = next.ok() ? *next : options_.idle_wait;
    if (!next.ok() && !absl::IsAborted(next.status())) {
      log::Warn("conflicts cannot be looked for", {{"status", next.status()}});
    }
  }
}

absl::Status ConflictLoop::ReadRules() {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  const auto on_ways_back = clients::ModelsOnWaysBack(*rules);
  std::vector<int32_t> model_ids;
  absl::flat_hash_map<int32_t, FieldPolicies> policies;
  bool all_known = true;
  for (const auto& [platform, name] : on_ways_back) {
    ASSIGN_OR_RETURN(const LoggedModel* model, log_.FindModel(platform, name));
    if (model == nullptr) {
      all_known = false;
      continue;
    }
    model_ids.push_back(model->model_id);
    for (const v1::CompiledSync& compiled : rules->syncs()) {
      const v1::Sync& sync = compiled.sync();
      if (sync.target_platform() != platform || sync.target_model() != name) continue;
      for (const v1::CompiledField& field : compiled.fields()) {
        policies[model->model_id].emplace(field.target(), PolicyOf(sync, field.target()));
      }
    }
  }
  model_ids_ = std::move(model_ids);
  policies_ = std::move(policies);
  rules_revision_ = all_known ? rules->revision() : -1;
  return absl::OkStatus();
}

absl::StatusOr<absl::Duration> ConflictLoop::Look() {
  if (catalogue_.Revision() != rules_revision_) RETURN_IF_ERROR(ReadRules());
  if (model_ids_.empty()) return options_.idle_wait;
  ASSIGN_OR_RETURN(const ConflictStore::Position position, conflicts_.GetPosition());
  const int64_t from = std::max(position.looked_at, looked_at_);
  if (clock_.Now() > purge_time_) {
    RETURN_IF_ERROR(owed_.Purge());
    purge_time_ = clock_.Now() + options_.purge_interval;
  }
  if (position.newest <= from) return options_.quiet_wait;
  Findings findings;
  findings.looked_from = position.looked_at;
  findings.looked_to = position.newest;
  ASSIGN_OR_RETURN(const std::vector<RecordId> unaware, FindUnaware(from, &findings.looked_to));
  ASSIGN_OR_RETURN(std::vector<Watched> watched, Watch(from, findings.looked_to, unaware));
  RETURN_IF_ERROR(AddLineage(&watched));
  for (Watched& record : watched) {
    Owed owed;
    if (record.owed.has_value()) owed = std::move(record.owed->edits);
    ASSIGN_OR_RETURN(Merged merged, Merge(record.history, record.next, policies_[record.record.first],
                                          std::move(owed), record.from_the_first));
    findings.records.push_back({record.record, std::move(merged)});
  }
  if (!findings.records.empty() || findings.looked_to > position.looked_at + kSaveEvery) {
    RETURN_IF_ERROR(amender_.Commit(findings));
    for (const auto& record : findings.records) {
      for (const v1::Conflict& conflict : record.merged.conflicts)
        met_.With({PolicyWord(conflict)}).Increment();
    }
  }
  looked_at_ = findings.looked_to;
  return options_.busy_wait;
}

absl::StatusOr<std::vector<RecordId>> ConflictLoop::FindUnaware(int64_t after, int64_t* until) {
  ASSIGN_OR_RETURN(const std::vector<ConflictStore::Met> met,
                   conflicts_.FindDelivered(after, *until, model_ids_, options_.max_deliveries));
  if (static_cast<int>(met.size()) == options_.max_deliveries) *until = met.back().delivered.version;
  std::vector<LineageQuestion> questions;
  for (const auto& [delivered, own_version] : met) {
    questions.push_back({delivered.model->model_id, delivered.local_id, delivered.origin->version});
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> known, NewestKnown(pool_, questions));
  std::set<RecordId> records;
  for (size_t i = 0; i < met.size(); ++i) {
    if (known[i] < met[i].own_version) records.emplace(questions[i].model_id, questions[i].local_id);
  }
  return std::vector<RecordId>(records.begin(), records.end());
}

absl::StatusOr<std::vector<ConflictLoop::Watched>> ConflictLoop::Watch(int64_t after, int64_t until,
                                                                       const std::vector<RecordId>& unaware) {
  ASSIGN_OR_RETURN(const auto owed, owed_.Find(unaware, after, until));
  std::set<RecordId> records(unaware.begin(), unaware.end());
  for (const auto& [record, stored] : owed) records.insert(record);
  const std::vector<RecordId> ordered(records.begin(), records.end());
  ASSIGN_OR_RETURN(std::vector<std::vector<LoggedState>> states, conflicts_.StatesUpTo(ordered, until));
  std::vector<Watched> watched;
  for (size_t i = 0; i < ordered.size(); ++i) {
    Watched record{ordered[i], after, {}, states[i].size() < ConflictStore::kMaxStates, {}, {}};
    if (const auto stored = owed.find(ordered[i]); stored != owed.end()) {
      record.owed = stored->second;
      record.after = stored->second.version;
    }
    for (LoggedState& state : states[i]) {
      if (state.version <= record.after) {
        record.history.push_back(std::move(state));
      } else {
        record.next.push_back({std::move(state), {}, false, {}, {}});
      }
    }
    if (!record.next.empty()) watched.push_back(std::move(record));
  }
  return watched;
}

absl::Status ConflictLoop::AddLineage(std::vector<Watched>* watched) {
  std::vector<NextState*> deliveries;
  std::vector<LineageQuestion> questions;
  std::vector<int64_t> versions;
  // Of records that must get something back.
  std::vector<NextState*> owing;
  std::vector<LineageQuestion> owed_questions;
  std::vector<int64_t> amended_versions;
  for (Watched& record : *watched) {
    for (NextState& next : record.next) {
      if (!next.state.is_delivered()) continue;
      deliveries.push_back(&next);
      questions.push_back({record.record.first, record.record.second, next.state.origin->version});
      versions.push_back(next.state.origin->version);
      if (!record.owed.has_value() || record.owed->edits.empty()) continue;
      owing.push_back(&next);
      owed_questions.push_back(questions.back());
      amended_versions.push_back(record.owed->version);
    }
  }
  if (deliveries.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<int64_t> known, NewestKnown(pool_, questions));
  ASSIGN_OR_RETURN(const std::vector<bool> based, AreBasedOnAmended(pool_, owed_questions, amended_versions));
  for (size_t i = 0; i < owing.size(); ++i) owing[i]->knows_owed = based[i];
  versions.insert(versions.end(), known.begin(), known.end());
  ASSIGN_OR_RETURN(const std::vector<LoggedState> read, log_.ReadVersions(versions));
  std::map<int64_t, const LoggedState*> by_version;
  for (const LoggedState& state : read) by_version[state.version] = &state;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    NextState& next = *deliveries[i];
    if (const LoggedState* const state = by_version[known[i]]; state != nullptr) next.known = *state;
    if (const LoggedState* const author = by_version[versions[i]]; author != nullptr) {
      next.author = KeyOf(*author);
      next.time = author->source_time;
    }
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
