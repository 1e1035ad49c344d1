#include "services/platform_registry/catalogue_shape.h"

#include <algorithm>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/platform_registry/configuration.h"
#include "services/platform_registry/name_words.h"

namespace cognate::platform_registry {
namespace {

// By which a record is known, the best first.
constexpr absl::string_view kTitleWords[] = {"title",   "name",    "label",  "headline",
                                             "subject", "heading", "caption"};

using Fields = google::protobuf::RepeatedPtrField<std::string>;

bool IsUniqueAlone(const v1::Model& model, const std::string& field) {
  const auto is_it = [&](const Fields& fields) { return fields.size() == 1 && fields[0] == field; };
  return is_it(model.key_fields()) || absl::c_any_of(model.uniques(), [&](const v1::UniqueConstraint& one) {
           return is_it(one.fields());
         });
}

bool IsRequired(const v1::ModelField& field) {
  return !field.nullable() && !field.has_default() && !field.generated();
}

bool TakesNoNull(const v1::Model& model, const Fields& fields) {
  return absl::c_all_of(fields, [&](const std::string& name) {
    const v1::ModelField* const field = FindField(model, name);
    return field != nullptr && !field->nullable();
  });
}

// `all` are exactly the fields of the two sides.
bool IsMadeOf(const Fields& all, const v1::ForeignKey& a, const v1::ForeignKey& b) {
  std::multiset<std::string> made(a.fields().begin(), a.fields().end());
  made.insert(b.fields().begin(), b.fields().end());
  return made == std::multiset<std::string>(all.begin(), all.end());
}

bool RequiresNothingBeside(const v1::Model& model, const std::set<std::string>& sides) {
  return absl::c_none_of(model.fields(), [&](const v1::ModelField& field) {
    return IsRequired(field) && !sides.contains(field.name()) && !IsKeyField(model, field.name());
  });
}

bool IsText(const v1::ModelField& field) { return field.type() == v1::FIELD_TYPE_TEXT; }

void AddSide(const Fields& fields, const std::string& model, v1::Pivot* pivot) {
  v1::PivotSide* const side = pivot->add_sides();
  *side->mutable_fields() = fields;
  side->set_model(model);
}

std::optional<v1::Pivot> FindPivot(const v1::Model& model) {
  if (model.foreign_keys_size() < 2) return std::nullopt;
  v1::Pivot pivot;
  const auto found = [&](const v1::ForeignKey& a, const v1::ForeignKey& b, v1::PivotEvidence evidence) {
    pivot.set_evidence(evidence);
    AddSide(a.fields(), a.model(), &pivot);
    AddSide(b.fields(), b.model(), &pivot);
    return pivot;
  };
  for (int a = 0; a < model.foreign_keys_size(); ++a) {
    for (int b = a + 1; b < model.foreign_keys_size(); ++b) {
      const v1::ForeignKey& left = model.foreign_keys(a);
      const v1::ForeignKey& right = model.foreign_keys(b);
      if (IsMadeOf(model.key_fields(), left, right) ||
          absl::c_any_of(model.uniques(),
                         [&](const auto& unique) { return IsMadeOf(unique.fields(), left, right); })) {
        return found(left, right, v1::PIVOT_EVIDENCE_KEYS);
      }
    }
  }
  if (model.foreign_keys_size() != 2) return std::nullopt;
  const v1::ForeignKey& left = model.foreign_keys(0);
  const v1::ForeignKey& right = model.foreign_keys(1);
  std::set<std::string> sides(left.fields().begin(), left.fields().end());
  sides.insert(right.fields().begin(), right.fields().end());
  // An order with a buyer and a seller has a life of its own: its two references alone do not make it a
  // pivot.
  const bool has_own_text = absl::c_any_of(model.fields(), [&](const v1::ModelField& field) {
    return !sides.contains(field.name()) && !IsKeyField(model, field.name()) && IsText(field);
  });
  if (has_own_text || !left.required() || !right.required() || !RequiresNothingBeside(model, sides))
    return std::nullopt;
  return found(left, right, v1::PIVOT_EVIDENCE_SHAPE);
}

// `x_type` and `x_id`, of which neither is a foreign key.
void FindPairs(v1::Model* model) {
  for (const v1::ModelField& type : model->fields()) {
    absl::string_view name = type.name();
    if (!IsText(type) || !absl::EndsWith(name, "_type") || name.size() <= 5) continue;
    name.remove_suffix(5);
    const std::string id_field = absl::StrCat(name, "_id");
    if (FindField(*model, id_field) == nullptr || FindForeignKey(*model, id_field) != nullptr ||
        FindForeignKey(*model, type.name()) != nullptr) {
      continue;
    }
    v1::PolymorphicPair* const pair = model->add_polymorphic_pairs();
    pair->set_name(std::string(name));
    pair->set_type_field(type.name());
    pair->set_id_field(id_field);
  }
}

std::string FindTitle(const v1::Model& model) {
  const std::vector<std::string> own = WordsOfModel(model.model());
  const auto is_plain = [&](const v1::ModelField& field) {
    return IsText(field) && FindForeignKey(model, field.name()) == nullptr;
  };
  // The word alone before it stands beside others: `name` before `display_name`.
  for (const bool alone : {true, false}) {
    for (const absl::string_view word : kTitleWords) {
      for (const v1::ModelField& field : model.fields()) {
        const std::vector<std::string> words = WordsOfField(field.name(), own);
        if (is_plain(field) && !words.empty() && words.back() == word && (words.size() == 1) == alone)
          return field.name();
      }
    }
  }
  for (const v1::ModelField& field : model.fields()) {
    if (is_plain(field) && field.unique() && !IsKeyField(model, field.name())) return field.name();
  }
  return "";
}

absl::string_view SchemaOf(absl::string_view model) {
  const size_t dot = model.find_last_of('.');
  return dot == absl::string_view::npos ? "" : model.substr(0, dot);
}

}  // namespace

void DescribeShape(v1::Model* model) {
  for (v1::ModelField& field : *model->mutable_fields()) {
    field.set_required(IsRequired(field));
    field.set_unique(IsUniqueAlone(*model, field.name()));
  }
  for (v1::ForeignKey& key : *model->mutable_foreign_keys()) {
    key.set_required(key.delete_rule() == v1::DELETE_RULE_CASCADE || TakesNoNull(*model, key.fields()));
  }
  if (!model->has_pivot()) {
    if (std::optional<v1::Pivot> pivot = FindPivot(*model); pivot.has_value())
      *model->mutable_pivot() = *std::move(pivot);
  }
  if (model->polymorphic_pairs().empty()) FindPairs(model);
  if (model->title_field().empty()) model->set_title_field(FindTitle(*model));
}

const v1::Model* FindModelByWords(const std::vector<std::string>& words, absl::string_view beside,
                                  absl::Span<const v1::Model> models) {
  const v1::Model* found = nullptr;
  for (const v1::Model& candidate : models) {
    if (SchemaOf(candidate.model()) != SchemaOf(beside) || WordsOfModel(candidate.model()) != words) continue;
    if (found != nullptr) return nullptr;
    found = &candidate;
  }
  return found;
}

std::optional<v1::Pivot> GuessPivot(const v1::Model& model, absl::Span<const v1::Model> models) {
  if (!model.foreign_keys().empty()) return std::nullopt;
  v1::Pivot pivot;
  pivot.set_evidence(v1::PIVOT_EVIDENCE_DATA);
  std::set<std::string> sides;
  for (const v1::ModelField& field : model.fields()) {
    const std::vector<std::string> words = WordsOf(field.name());
    if (words.size() < 2 || words.back() != "id" || IsText(field)) continue;
    const v1::Model* const joined = FindModelByWords(WithoutIdWord(words), model.model(), models);
    if (joined == nullptr || joined->key_fields_size() != 1) continue;
    const v1::ModelField* const key = FindField(*joined, joined->key_fields(0));
    if (key == nullptr || key->type() != field.type()) continue;
    v1::PivotSide* const side = pivot.add_sides();
    side->add_fields(field.name());
    side->set_model(joined->model());
    sides.insert(field.name());
  }
  if (pivot.sides_size() != 2 || !RequiresNothingBeside(model, sides)) return std::nullopt;
  return pivot;
}

}  // namespace cognate::platform_registry
