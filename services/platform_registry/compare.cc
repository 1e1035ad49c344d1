#include "services/platform_registry/compare.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/compare_score.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/names.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

// One field into one other; places in their models.
struct Pair {
  int source = 0;
  int target = 0;
  v1::ProposedMapping proposed;
};

bool IsOfPair(const v1::Model& model, absl::string_view field) {
  return absl::c_any_of(model.polymorphic_pairs(), [&](const v1::PolymorphicPair& pair) {
    return pair.type_field() == field || pair.id_field() == field;
  });
}

// A key that the platform makes up itself is its own business: identity joins the two.
bool IsMadeUpKey(const v1::Model& model, const v1::ModelField& field) {
  return IsKeyField(model, field.name()) && (field.has_default() || field.generated());
}

class Comparison {
 public:
  Comparison(Configuration& configuration, v1::Sync sync, const v1::Model& source, const v1::Model& target)
      : configuration_(configuration), sync_(std::move(sync)), source_(source), target_(target) {}

  v1::CompareModelsResponse Run() {
    SetOthersAside();
    FindPairs();
    Assign();
    FeedRequired();
    Settle();
    Tell();
    return std::move(response_);
  }

 private:
  // A second sync between the two would write the same fields: the models are compared as if there were none.
  void SetOthersAside() {
    for (const v1::Sync* const other :
         configuration_.SyncsBetween(sync_.source_platform(), sync_.target_platform())) {
      if (JoinsTheSameModels(*other, sync_)) beside_.push_back(other->name());
    }
    for (const std::string& name : beside_) configuration_.TakeSyncOut(name);
  }

  void FindPairs() {
    const FieldScorer scorer(configuration_, sync_, source_, target_);
    for (int s = 0; s < source_.fields_size(); ++s) {
      if (!MayFeed(source_.fields(s))) continue;
      for (int t = 0; t < target_.fields_size(); ++t) {
        if (!MayBeFed(target_.fields(t))) continue;
        std::optional<v1::ProposedMapping> proposed = scorer.Score(s, t);
        if (!proposed.has_value()) continue;
        AddTheOtherWay(&*proposed);
        pairs_.push_back({s, t, *std::move(proposed)});
      }
    }
    absl::c_stable_sort(pairs_, [&](const Pair& a, const Pair& b) { return Rank(a) < Rank(b); });
  }

  // The best first; of equals what is required, then the order of the models.
  std::tuple<double, bool, int, int> Rank(const Pair& pair) const {
    return {-pair.proposed.score(), !target_.fields(pair.target).required(), pair.target, pair.source};
  }

  bool MayFeed(const v1::ModelField& field) const {
    const v1::Platform* const platform = configuration_.FindPlatform(sync_.source_platform());
    const bool is_seen = !field.generated() || platform->capture_mode() != v1::CAPTURE_MODE_REPLICATION;
    return is_seen && !IsMadeUpKey(source_, field) && !IsOfPair(source_, field.name());
  }
  bool MayBeFed(const v1::ModelField& field) const {
    return !field.generated() && !IsMadeUpKey(target_, field) && !IsOfPair(target_, field.name());
  }

  // What comes back the other way belongs together.
  void AddTheOtherWay(v1::ProposedMapping* proposed) const {
    for (const v1::Sync* const other :
         configuration_.SyncsBetween(sync_.target_platform(), sync_.source_platform())) {
      if (other->source_model() != sync_.target_model() || other->target_model() != sync_.source_model())
        continue;
      for (const v1::FieldMapping& mapping : other->fields()) {
        if (mapping.source() != proposed->mapping().target() ||
            mapping.target() != proposed->mapping().source())
          continue;
        proposed->add_reasons(StrCat(other->name(), " maps it the other way"));
        proposed->set_score(1);
        return;
      }
    }
  }

  void Assign() {
    for (const Pair& pair : pairs_) {
      if (by_source_.contains(pair.source) || by_target_.contains(pair.target)) continue;
      Take(pair);
    }
  }
  void Take(const Pair& pair) {
    by_source_[pair.source] = &pair;
    by_target_[pair.target] = &pair;
  }
  void Drop(const Pair* pair) {
    by_source_.erase(pair->source);
    by_target_.erase(pair->target);
  }

  // What a record cannot be written without comes before what it may have.
  void FeedRequired() {
    for (const Pair& pair : pairs_) {
      if (!target_.fields(pair.target).required() || by_target_.contains(pair.target)) continue;
      const auto taken = by_source_.find(pair.source);
      if (taken != by_source_.end()) {
        if (target_.fields(taken->second->target).required()) continue;
        Drop(taken->second);
      }
      Take(pair);
    }
    Assign();  // to what has become free
  }

  v1::Sync Proposal() {
    v1::Sync sync = sync_;
    in_order_.clear();
    steps_.clear();
    for (const auto& [target, pair] : by_target_) {
      *sync.add_fields() = pair->proposed.mapping();
      in_order_.push_back(pair);
      if (!pair->proposed.has_step()) continue;
      *sync.add_transforms() = pair->proposed.step();
      steps_.push_back(pair);
    }
    return sync;
  }

  // The judge of CreateSync has the last word: what it finds wrong in one mapping costs that mapping alone.
  void Settle() {
    do {
      proposal_ = Proposal();
      configuration_.PutSync(proposal_);
      judgement_ = JudgeSync(configuration_, proposal_);
    } while (DropWrong());
  }
  bool DropWrong() {
    std::set<const Pair*> wrong;
    for (const FieldViolation& violation : judgement_.violations) {
      for (size_t i = 0; i < in_order_.size(); ++i) {
        if (absl::StartsWith(violation.field, StrCat("sync.fields[", i, "]"))) wrong.insert(in_order_[i]);
      }
      for (size_t i = 0; i < steps_.size(); ++i) {
        if (absl::StartsWith(violation.field, StrCat("sync.transforms[", i, "]"))) wrong.insert(steps_[i]);
      }
    }
    for (const Pair* const pair : wrong) Drop(pair);
    return !wrong.empty();
  }

  void Tell() {
    for (const auto& [target, pair] : by_target_) *response_.add_mappings() = pair->proposed;
    for (int t = 0; t < target_.fields_size(); ++t) {
      if (!target_.fields(t).required() || by_target_.contains(t)) continue;
      response_.add_missing_target_fields(target_.fields(t).name());
      response_.add_reasons(StrCat(target_.fields(t).name(), " of ", target_.model(),
                                   " is NOT NULL without a default, and no field of ", source_.model(),
                                   " seems to belong there"));
    }
    for (int s = 0; s < source_.fields_size(); ++s) {
      if (by_source_.contains(s) || IsMadeUpKey(source_, source_.fields(s))) continue;
      response_.add_unused_source_fields(source_.fields(s).name());
    }
    if (judgement_.violations.empty() && judgement_.refusals.empty()) {
      TellOfPossible();
    } else {
      TellOfImpossible();
    }
    if (!beside_.empty()) {
      response_.add_reasons(StrCat(absl::StrJoin(beside_, " and "), beside_.size() == 1 ? " joins" : " join",
                                   " the two already: change it, or delete it before another is made"));
    }
  }

  void TellOfImpossible() {
    response_.set_compatibility(v1::COMPATIBILITY_IMPOSSIBLE);
    if (by_target_.empty()) {
      response_.add_reasons(
          StrCat("no field of ", source_.model(), " seems to belong into one of ", target_.model()));
    }
    for (const FieldViolation& violation : judgement_.violations) {
      // What is said already, field by field.
      if (violation.field != "sync.fields")
        response_.add_reasons(StrCat(violation.field, ": ", violation.description));
    }
    for (const absl::Status& refusal : judgement_.refusals)
      response_.add_reasons(std::string(refusal.message()));
  }

  void TellOfPossible() {
    for (const std::string& field : response_.unused_source_fields()) response_.add_reasons(WhyUnused(field));
    for (const v1::ProposedMapping& mapping : response_.mappings()) {
      if (!mapping.warning().empty()) response_.add_reasons(mapping.warning());
    }
    response_.set_compatibility(response_.reasons().empty() ? v1::COMPATIBILITY_FULL
                                                            : v1::COMPATIBILITY_PARTIAL);
    *response_.mutable_proposed_sync() = proposal_;
  }

  std::string WhyUnused(const std::string& field) const {
    if (IsOfPair(source_, field))
      return StrCat(field, " refers to records of several models: a step has to say to which");
    return StrCat(field, " has no home in ", target_.model());
  }

  Configuration& configuration_;
  const v1::Sync sync_;
  const v1::Model& source_;
  const v1::Model& target_;
  std::vector<std::string> beside_;       // syncs between the two
  std::vector<Pair> pairs_;               // all that may be, the best first
  std::map<int, const Pair*> by_source_;  // those that are taken, by the source field's place
  std::map<int, const Pair*> by_target_;
  std::vector<const Pair*> in_order_;  // of the proposal's fields
  std::vector<const Pair*> steps_;     // of the proposal's transforms
  v1::Sync proposal_;
  SyncJudgement judgement_;
  v1::CompareModelsResponse response_;
};

// `country-to-nations`, with a number behind it where there is one.
std::string FreeName(const Configuration& configuration, absl::string_view source, absl::string_view target) {
  const auto last = [](absl::string_view model) {
    const size_t before = model.find_last_of(".\\/");
    return before == absl::string_view::npos ? model : model.substr(before + 1);
  };
  const std::string name = SyncName(SyncIdOf(StrCat(last(source), "-to-", last(target))));
  std::string free = name;
  for (int i = 2; configuration.FindSync(free) != nullptr; ++i) free = StrCat(name, "-", i);
  return free;
}

absl::StatusOr<const v1::Model*> Find(const Configuration& configuration, const std::string& platform,
                                      const std::string& model) {
  if (configuration.FindPlatform(platform) == nullptr) return PlatformNotFound(platform);
  const v1::Model* const found = configuration.FindModel(platform, model);
  if (found == nullptr) return ModelNotFound(platform, model);
  return found;
}

}  // namespace

absl::StatusOr<v1::CompareModelsResponse> Compare(Configuration configuration,
                                                  const v1::CompareModelsRequest& request) {
  if (request.source_platform() == request.target_platform()) {
    return InvalidField("target_platform", StrCat("got ", request.target_platform(),
                                                  ", want another platform than the source's"));
  }
  ASSIGN_OR_RETURN(const v1::Model* const source,
                   Find(configuration, request.source_platform(), request.source_model()));
  ASSIGN_OR_RETURN(const v1::Model* const target,
                   Find(configuration, request.target_platform(), request.target_model()));
  v1::Sync sync;
  sync.set_name(FreeName(configuration, source->model(), target->model()));
  sync.set_status(v1::SYNC_STATUS_ACTIVE);
  sync.set_source_platform(request.source_platform());
  sync.set_source_model(request.source_model());
  sync.set_target_platform(request.target_platform());
  sync.set_target_model(request.target_model());
  return Comparison(configuration, std::move(sync), *source, *target).Run();
}

absl::StatusOr<v1::CompareModelsResponse> CompareModels(SyncStore& syncs,
                                                        const v1::CompareModelsRequest& request) {
  ASSIGN_OR_RETURN(Configuration configuration, syncs.Configured());
  return Compare(std::move(configuration), request);
}

}  // namespace cognate::platform_registry
