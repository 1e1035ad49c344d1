#include "services/platform_registry/compare_score.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform_registry/compare_step.h"
#include "services/platform_registry/name_words.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using Words = std::vector<std::string>;

// Below this two names have nothing to do with one another.
constexpr double kLeastName = 0.5;
constexpr double kLeastReferenceName = 0.6;

Words Shared(const Words& a, const Words& b) {
  Words shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return shared;
}

double Rounded(double score) { return std::round(score * 100) / 100; }

bool MayHoldId(const v1::ModelField& field) {
  return field.type() == v1::FIELD_TYPE_INTEGER || field.type() == v1::FIELD_TYPE_TEXT ||
         field.type() == v1::FIELD_TYPE_UUID || field.type() == v1::FIELD_TYPE_DECIMAL;
}

}  // namespace

FieldScorer::Phrase::Phrase(Words name_words) : words(std::move(name_words)), meanings(MeaningsOf(words)) {
  std::copy_if(meanings.begin(), meanings.end(), std::back_inserter(numbers),
               [](const std::string& word) { return word[0] >= '0' && word[0] <= '9'; });
}

FieldScorer::FieldScorer(const Configuration& configuration, const v1::Sync& sync, const v1::Model& source,
                         const v1::Model& target)
    : configuration_(configuration),
      sync_(sync),
      sources_(SidesOf(sync.source_platform(), source)),
      targets_(SidesOf(sync.target_platform(), target)) {}

std::vector<FieldScorer::Side> FieldScorer::SidesOf(const std::string& platform,
                                                    const v1::Model& model) const {
  const Words own = WordsOfModel(model.model());
  std::vector<Side> sides;
  for (const v1::ModelField& field : model.fields()) {
    const Words within = WordsOfField(field.name(), own);
    Side& side = sides.emplace_back(Side{&field, Phrase(WordsOf(field.name())), Phrase(within),
                                         Phrase(WithoutIdWord(within)), "", false});
    FindReferred(platform, model, &side);
  }
  return sides;
}

// By a foreign key, or by a name such as `user_id` where there is a model of users.
void FieldScorer::FindReferred(const std::string& platform, const v1::Model& model, Side* side) const {
  const v1::ModelField& field = *side->field;
  if (const v1::ForeignKey* const key = FindReference(configuration_, platform, model, field.name())) {
    side->refers = key->model();
    side->is_declared = true;
    return;
  }
  const Words& words = side->whole.words;
  if (words.size() < 2 || words.back() != "id" || FindForeignKey(model, field.name()) != nullptr) return;
  const Words wanted = WithoutIdWord(words);
  std::set<std::string> found;
  for (const auto& [name, candidate] : configuration_.models) {
    if (name.first != platform || candidate.key_fields_size() != 1 || WordsOfModel(name.second) != wanted)
      continue;
    const v1::ModelField* const key = FindField(candidate, candidate.key_fields(0));
    if (key != nullptr && key->type() == field.type()) found.insert(name.second);
  }
  if (found.size() == 1) side->refers = *found.begin();
}

NameAffinity FieldScorer::Compare(const Phrase& source, const Phrase& target) {
  if (source.words == target.words) return {0.97, "same name but for case, underscores and plural"};
  // Names that differ by a number are of different things: `alpha2` and `alpha3`.
  if (source.meanings.empty() || target.meanings.empty() || source.numbers != target.numbers) return {};
  if (source.meanings == target.meanings) {
    return {0.85, StrCat(absl::StrJoin(source.words, " "), " and ", absl::StrJoin(target.words, " "),
                         " mean the same")};
  }
  const Words shared = Shared(source.meanings, target.meanings);
  if (shared == source.numbers) return {};
  const double overlap = 2.0 * static_cast<double>(shared.size()) /
                         static_cast<double>(source.meanings.size() + target.meanings.size());
  return {0.8 * overlap, StrCat("both names speak of ", absl::StrJoin(shared, ", "))};
}

NameAffinity FieldScorer::CompareNames(const Side& source, const Side& target) const {
  if (source.field->name() == target.field->name()) return {1, "same name"};
  const NameAffinity whole = Compare(source.whole, target.whole);
  NameAffinity within = Compare(source.within, target.within);
  if (source.within.words == target.within.words) within = {0.93, "same name but for that of the model"};
  return within.score > whole.score ? within : whole;
}

// How sure it is that records of the one model are those of the other.
NameAffinity FieldScorer::CompareReferred(const std::string& source, const std::string& target) const {
  if (source == sync_.source_model() && target == sync_.target_model())
    return {1, "both refer to their own model"};
  const std::set<std::string> brought = BroughtTo(configuration_, sync_, source);
  if (brought.contains(target))
    return {1, StrCat("they refer to ", source, ", which a sync brings to ", target)};
  if (!brought.empty()) return {};
  const NameAffinity names = Compare(Phrase(WordsOfModel(source)), Phrase(WordsOfModel(target)));
  if (names.score < kLeastReferenceName) return {};
  return {names.score,
          StrCat("they refer to ", source, " and ", target,
                 "; no sync brings the one to the other yet, so that such records wait for one")};
}

std::optional<v1::ProposedMapping> FieldScorer::ScoreReference(const Side& source, const Side& target) const {
  // A plain value of the source is no id of the target's.
  if (source.refers.empty() || !MayHoldId(*target.field)) return std::nullopt;
  NameAffinity names = Compare(source.without_id, target.without_id);
  if (source.field->name() == target.field->name()) names = {1, "same name"};
  v1::ProposedMapping proposed;
  if (target.refers.empty()) {
    if (names.score < kLeastReferenceName) return std::nullopt;
    proposed.add_reasons(
        StrCat(source.field->name(), " refers to ", source.refers, ": the target gets its id there"));
    proposed.set_score(Rounded(0.8 * names.score));
  } else {
    const NameAffinity referred = CompareReferred(source.refers, target.refers);
    if (referred.score == 0) return std::nullopt;
    proposed.add_reasons(referred.reason);
    proposed.set_score(Rounded(0.75 * referred.score + 0.25 * names.score));
  }
  if (names.score >= kLeastName) proposed.add_reasons(names.reason);
  if (!source.is_declared || !target.is_declared) {
    v1::ReferenceMapping& reference = *proposed.mutable_mapping()->mutable_reference();
    reference.set_source_model(source.refers);
    reference.set_target_model(target.refers);
  }
  if (source.field->nullable() && !target.field->nullable()) {
    proposed.set_warning(StrCat(target.field->name(), " takes no NULL, but ", source.field->name(),
                                " may be NULL: such records will be refused"));
  }
  return proposed;
}

std::optional<v1::ProposedMapping> FieldScorer::ScoreValue(const Side& source, const Side& target) const {
  const NameAffinity names = CompareNames(source, target);
  if (names.score < kLeastName) return std::nullopt;
  const Passage passage = FindPassage(*source.field, *target.field);
  if (passage.ease == 0) return std::nullopt;
  v1::ProposedMapping proposed;
  proposed.add_reasons(names.reason);
  proposed.add_reasons(passage.reason);
  proposed.set_warning(passage.warning);
  if (passage.step.has_value()) *proposed.mutable_step() = *passage.step;
  double alike = source.field->unique() == target.field->unique() ? 1 : 0.5;
  if (source.field->unique() && target.field->unique()) proposed.add_reasons("both are unique");
  if (!source.field->unique() && target.field->unique()) {
    alike = 0.25;
    proposed.add_reasons(StrCat(target.field->name(), " is unique, but ", source.field->name(), " is not"));
  }
  proposed.set_score(Rounded(0.8 * names.score + 0.1 * passage.ease + 0.1 * alike));
  return proposed;
}

std::optional<v1::ProposedMapping> FieldScorer::Score(int source, int target) const {
  const Side& from = sources_[static_cast<size_t>(source)];
  const Side& to = targets_[static_cast<size_t>(target)];
  std::optional<v1::ProposedMapping> proposed =
      from.refers.empty() && to.refers.empty() ? ScoreValue(from, to) : ScoreReference(from, to);
  if (!proposed.has_value()) return std::nullopt;
  proposed->mutable_mapping()->set_source(from.field->name());
  proposed->mutable_mapping()->set_target(to.field->name());
  return proposed;
}

}  // namespace cognate::platform_registry
