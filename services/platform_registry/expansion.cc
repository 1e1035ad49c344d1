#include "services/platform_registry/expansion.h"

#include <algorithm>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/value/convert.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/scope_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr char kPlace[] = "place";

// The chain as that of a sync from the parent's model, which is what all checks of chains know.
v1::Sync AsSync(absl::string_view platform, const v1::Expansion& expansion) {
  v1::Sync sync;
  sync.set_source_platform(std::string(platform));
  sync.set_source_model(expansion.model());
  *sync.mutable_transforms() = expansion.transforms();
  return sync;
}

ChainFields AfterChain(const Configuration& configuration, absl::string_view platform,
                       const v1::Expansion& expansion, const v1::Model& parent) {
  condition::Assignments assignments;
  assignments.are_known = false;
  assignments.why_not =
      "assignments are not known in an expansion, whose parts are the same for every target; "
      "ask for them in the filter of the sync that takes the parts";
  return FieldsAfterChain(configuration, AsSync(platform, expansion), parent, assignments);
}

// The part's fields that hold the parent's key, in its order; empty where one is missing.
std::vector<std::string> ParentKey(const v1::Expansion& expansion, const v1::Model& parent) {
  std::vector<std::string> fields;
  for (const std::string& key : parent.key_fields()) {
    const auto found = absl::c_find_if(expansion.parent_fields(),
                                       [&](const v1::ParentField& field) { return field.field() == key; });
    if (found == expansion.parent_fields().end()) return {};
    fields.push_back(IntoOf(*found));
  }
  return fields;
}

bool HoldsElements(const v1::ModelField& field) {
  switch (field.type()) {
    case v1::FIELD_TYPE_UNSPECIFIED:  // the chain does not tell
    case v1::FIELD_TYPE_LIST:
    case v1::FIELD_TYPE_JSON:
    case v1::FIELD_TYPE_TEXT:
    case v1::FIELD_TYPE_OTHER:
      return true;
    default:
      return false;
  }
}

class ExpansionCheck {
 public:
  ExpansionCheck(const Configuration& configuration, absl::string_view platform, const v1::Model& model,
                 absl::string_view path, std::vector<FieldViolation>* wrong)
      : configuration_(configuration),
        platform_(platform),
        model_(model),
        expansion_(model.expansion()),
        path_(path),
        wrong_(wrong) {}

  void Run() {
    if (!FindParent()) return;
    record_ = AfterChain(configuration_, platform_, expansion_, *parent_);
    CheckChain();
    CheckElements();
    CheckKey();
    CheckParentFields();
    CheckDeclaredKey();
  }

 private:
  void Wrong(absl::string_view part, absl::string_view description) {
    wrong_->push_back({StrCat(path_, ".", part), std::string(description)});
  }

  bool FindParent() {
    const size_t before = wrong_->size();
    parent_ = configuration_.FindModel(platform_, expansion_.model());
    if (expansion_.model() == model_.model()) {
      Wrong("expansion.model",
            StrCat("got ", model_.model(), " itself, want the model that its records are made of"));
    } else if (parent_ == nullptr) {
      Wrong("expansion.model", StrCat("got \"", expansion_.model(), "\", want a model of ", platform_,
                                      "'s catalogue; AnalyzeModels reads it again, PutModels describes it"));
    } else if (parent_->missing()) {
      Wrong("expansion.model", StrCat("got ", expansion_.model(), ", which is gone from ", platform_,
                                      "'s database; bring it back and analyse it"));
    } else if (parent_->has_expansion()) {
      Wrong("expansion.model",
            StrCat("got ", expansion_.model(), ", which is made of ", parent_->expansion().model(),
                   "'s records itself; make both of ", parent_->expansion().model()));
    } else if (parent_->key_fields().empty()) {
      Wrong("expansion.model",
            StrCat("got ", expansion_.model(), ", which has no key: its parts would have none"));
    }
    for (const auto& [name, other] : configuration_.models) {
      if (name.first == platform_ && other.has_expansion() && other.expansion().model() == model_.model()) {
        Wrong("expansion", StrCat("got one for ", model_.model(), ", of which ", other.model(),
                                  " is made; make both of ", expansion_.model()));
        break;
      }
    }
    return wrong_->size() == before;
  }

  void CheckChain() {
    for (const FieldViolation& violation : record_.violations)
      Wrong(StrCat("expansion.", violation.field), violation.description);
    for (int i = 0; i < expansion_.transforms_size(); ++i) {
      if (!expansion_.transforms(i).has_reference()) continue;
      Wrong(StrCat("expansion.transforms[", i, "].reference"),
            "got a step reference, which parts cannot hold; give the model a foreign key, or the sync that "
            "takes the parts the step");
    }
    if (record_.reads_old) {
      Wrong(
          "expansion.transforms",
          "got a step that asks for old, which is not known here: parts are made of the record as it is, so "
          "that they come out the same whenever they are made");
    }
  }

  // Where the chain is broken nobody knows what is there.
  bool IsKnown() const { return record_.violations.empty(); }

  std::string WantParentField() const {
    return StrCat("want a field of ", expansion_.model(),
                  expansion_.transforms().empty() ? ": " : " after the transforms: ", FieldNames(record_));
  }
  std::string WantField() const {
    return StrCat("want a field of ", model_.model(), ": ", FieldNames(model_));
  }

  bool IsLeftOut(const ChainField& field) const {
    const v1::Platform* const platform = configuration_.FindPlatform(platform_);
    return field.field.generated() && !field.is_written && platform != nullptr &&
           platform->capture_mode() == v1::CAPTURE_MODE_REPLICATION;
  }

  // A field of the parent's record that is looked at; nullptr where something is wrong with it.
  const ChainField* CheckSource(absl::string_view part, const std::string& name) {
    if (!IsKnown()) return nullptr;
    const ChainField* const field = record_.Find(name);
    if (field == nullptr) {
      Wrong(part, StrCat("got \"", name, "\", ", WantParentField()));
    } else if (IsLeftOut(*field)) {
      Wrong(part, StrCat("got ", name,
                         ", which the database computes and leaves out of its replication stream; take "
                         "the fields that it is computed from"));
      return nullptr;
    }
    return field;
  }

  void CheckElements() {
    const ChainField* const field = CheckSource("expansion.field", expansion_.field());
    if (field == nullptr || HoldsElements(field->field)) return;
    Wrong("expansion.field",
          StrCat("got ", expansion_.field(), ", which holds one ", value::TypeName(field->field.type()),
                 ", want a list, JSON or a JSON text; a step of transforms can make one"));
  }

  void CheckKey() {
    const std::string key = KeyOf(expansion_);
    const v1::ModelField* const field = FindField(model_, key);
    if (field == nullptr) {
      Wrong("expansion.key",
            expansion_.key().empty()
                ? StrCat("got nothing, so that the element's place is the key, and ", model_.model(),
                         " has no field place for it; name the member that tells the elements apart, or add "
                         "the field")
                : StrCat("got \"", key, "\", ", WantField()));
    } else if (expansion_.key().empty() && field->type() != v1::FIELD_TYPE_INTEGER) {
      Wrong("expansion.key",
            StrCat("got nothing, so that the element's place is the key, and the field place is a ",
                   value::TypeName(field->type()), ", want an integer"));
    }
  }

  void CheckParentFields() {
    std::set<std::string> targets = {KeyOf(expansion_)};
    for (int i = 0; i < expansion_.parent_fields_size(); ++i) {
      const v1::ParentField& parent_field = expansion_.parent_fields(i);
      const std::string part = StrCat("expansion.parent_fields[", i, "]");
      const ChainField* const from = CheckSource(StrCat(part, ".field"), parent_field.field());
      const std::string& into = IntoOf(parent_field);
      const v1::ModelField* const field = FindField(model_, into);
      if (field == nullptr) {
        Wrong(StrCat(part, ".into"), StrCat("got \"", into, "\", ", WantField()));
      } else if (!targets.insert(into).second) {
        Wrong(StrCat(part, ".into"),
              StrCat("got ", into, ", which ",
                     into == KeyOf(expansion_) ? "is the key of the elements"
                                               : "another of parent_fields fills already"));
      } else if (from != nullptr && from->field.type() != v1::FIELD_TYPE_UNSPECIFIED) {
        const value::Convertibility can = value::CanConvert(from->field, *field);
        if (!can.possible) Wrong(StrCat(part, ".field"), can.reason);
      }
      if (from != nullptr && from->is_written && IsKeyField(*parent_, parent_field.field())) {
        Wrong(StrCat(part, ".field"),
              StrCat("got ", parent_field.field(), ", which is the key of ", expansion_.model(),
                     " and which the transforms write; the key goes in as it is: write into another field"));
      }
    }
    for (const std::string& key : parent_->key_fields()) {
      const bool is_there = absl::c_any_of(
          expansion_.parent_fields(), [&](const v1::ParentField& field) { return field.field() == key; });
      if (!is_there)
        Wrong("expansion.parent_fields", StrCat("got none for ", key, ", want every field of the key of ",
                                                expansion_.model(), ": a part is known by it"));
    }
  }

  // What is given must be what follows; also after the parent's key was changed.
  void CheckDeclaredKey() {
    std::vector<std::string> wanted = ParentKey(expansion_, *parent_);
    if (wanted.empty() || model_.key_fields().empty()) return;
    wanted.push_back(KeyOf(expansion_));
    if (absl::c_equal(wanted, model_.key_fields())) return;
    Wrong("key_fields",
          StrCat("got ", absl::StrJoin(model_.key_fields(), ", "), ", want ", absl::StrJoin(wanted, ", "),
                 ": the key of ", expansion_.model(), ", then the elements' own; or none, and it follows"));
  }

  const Configuration& configuration_;
  const absl::string_view platform_;
  const v1::Model& model_;
  const v1::Expansion& expansion_;
  const absl::string_view path_;
  std::vector<FieldViolation>* const wrong_;
  const v1::Model* parent_ = nullptr;
  ChainFields record_;
};

}  // namespace

std::string KeyOf(const v1::Expansion& expansion) {
  return expansion.key().empty() ? kPlace : expansion.key();
}

const std::string& IntoOf(const v1::ParentField& field) {
  return field.into().empty() ? field.field() : field.into();
}

void CheckExpansion(const Configuration& configuration, absl::string_view platform, const v1::Model& model,
                    absl::string_view path, std::vector<FieldViolation>* wrong) {
  ExpansionCheck(configuration, platform, model, path, wrong).Run();
}

void CompleteExpansion(const Configuration& configuration, absl::string_view platform, v1::Model* model) {
  const v1::Expansion& expansion = model->expansion();
  const v1::Model& parent = *configuration.FindModel(platform, expansion.model());
  const std::vector<std::string> parent_key = ParentKey(expansion, parent);
  model->mutable_key_fields()->Assign(parent_key.begin(), parent_key.end());
  model->add_key_fields(KeyOf(expansion));
  const bool is_declared = absl::c_any_of(model->foreign_keys(), [&](const v1::ForeignKey& key) {
    return absl::c_equal(key.fields(), parent_key);
  });
  if (is_declared) return;
  v1::ForeignKey& key = *model->add_foreign_keys();
  key.set_name(StrCat("expansion of ", expansion.model()));
  key.mutable_fields()->Assign(parent_key.begin(), parent_key.end());
  key.set_model(expansion.model());
  *key.mutable_referenced_fields() = parent.key_fields();
  key.set_delete_rule(v1::DELETE_RULE_CASCADE);
}

v1::CompiledExpansion CompileExpansion(const Configuration& configuration, absl::string_view platform,
                                       const v1::Model& model) {
  v1::CompiledExpansion compiled;
  compiled.set_platform(std::string(platform));
  compiled.mutable_model()->set_model(model.model());
  *compiled.mutable_model()->mutable_fields() = model.fields();
  *compiled.mutable_model()->mutable_key_fields() = model.key_fields();
  *compiled.mutable_model()->mutable_expansion() = model.expansion();
  std::vector<FieldViolation> wrong;
  CheckExpansion(configuration, platform, model, model.model(), &wrong);
  compiled.set_broken(absl::StrJoin(wrong, "; ", [](std::string* out, const FieldViolation& violation) {
    absl::StrAppend(out, violation.field, ": ", violation.description);
  }));
  const v1::Expansion& expansion = model.expansion();
  const v1::Model* const parent = configuration.FindModel(platform, expansion.model());
  if (parent == nullptr) return compiled;
  for (const v1::ModelField& field : parent->fields()) {
    const bool is_read = !expansion.transforms().empty() || field.name() == expansion.field() ||
                         absl::c_any_of(expansion.parent_fields(), [&](const v1::ParentField& one) {
                           return one.field() == field.name();
                         });
    if (is_read) *compiled.add_parent_model_fields() = field;
  }
  return compiled;
}

}  // namespace cognate::platform_registry
