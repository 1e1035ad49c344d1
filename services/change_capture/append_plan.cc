#include "services/change_capture/append_plan.h"

#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {

AppendPlan::AppendPlan(absl::Span<AppendGroup* const> groups) {
  size_t count = 0;
  for (const AppendGroup* group : groups) count += group->changes.size();
  all_.reserve(count);
  for (AppendGroup* group : groups) {
    group_begin_.push_back(all_.size());
    for (CapturedChange& change : group->changes) all_.push_back(&change);
  }
  group_begin_.push_back(all_.size());
  fresh_ = all_;
}

absl::Status AppendPlan::LeaveOutKnown(AppendStore& store) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<KnownChange>> known, store.FindByChangeId(all_));
  fresh_.clear();
  fates_.clear();
  by_change_id_.clear();
  for (size_t i = 0; i < all_.size(); ++i) {
    fates_.push_back(known[i] ? Fate{-1, known[i]->version, !known[i]->same_content} : FateOfNew(*all_[i]));
  }
  if (fresh_.size() == all_.size()) fates_.clear();
  return absl::OkStatus();
}

AppendPlan::Fate AppendPlan::FateOfNew(CapturedChange& change) {
  const int64_t place = static_cast<int64_t>(fresh_.size());
  if (!change.change_id.empty()) {
    const auto [earlier, is_new] =
        by_change_id_.try_emplace({change.model->platform_id, change.change_id}, place);
    if (!is_new) {
      return Fate{earlier->second, 0, !SameContent(*fresh_[static_cast<size_t>(earlier->second)], change)};
    }
  }
  fresh_.push_back(&change);
  return Fate{place, 0, false};
}

Appended AppendPlan::Answer(size_t group, int64_t first_version) const {
  Appended answer;
  const size_t begin = group_begin_[group];
  const size_t end = group_begin_[group + 1];
  answer.versions.reserve(end - begin);
  for (size_t i = begin; i < end; ++i) {
    const Fate fate = fates_.empty() ? Fate{static_cast<int64_t>(i)} : fates_[i];
    const int64_t version = fate.fresh >= 0 ? first_version + fate.fresh : fate.version;
    answer.versions.push_back(fate.is_reused ? 0 : version);
    if (!fate.is_reused) continue;
    answer.refused.resize(end - begin);
    answer.refused[i - begin] = ChangeIdReused(all_[i]->change_id, version);
  }
  return answer;
}

}  // namespace cognate::change_capture
