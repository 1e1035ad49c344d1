#include "services/platform_registry/model_check.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxModels = 1000;
constexpr int kMaxTypes = 100;

// One model while it is checked.
class ModelCheck {
 public:
  ModelCheck(const v1::Model& model, std::string path, std::vector<FieldViolation>* wrong)
      : model_(model), path_(std::move(path)), wrong_(wrong) {}

  void Run() {
    if (model_.model().empty() || model_.model().find('\0') != std::string::npos)
      Wrong("model", "got nothing, want the platform's own name of the model");
    if (model_.fields().empty()) Wrong("fields", "got none, want at least one");
    if (!v1::ModelOrigin_IsValid(model_.origin()))
      Wrong("origin", "got another number, want one of ModelOrigin");
    for (int i = 0; i < model_.fields_size(); ++i) Field(i);
    Known("key_fields", model_.key_fields());
    for (int i = 0; i < model_.uniques_size(); ++i) {
      Known(StrCat("uniques[", i, "].fields"), model_.uniques(i).fields(), /*is_required=*/true);
    }
    for (int i = 0; i < model_.foreign_keys_size(); ++i) ForeignKey(i);
    Pivot();
    for (int i = 0; i < model_.polymorphic_pairs_size(); ++i) Pair(i);
    for (int i = 0; i < model_.file_fields_size(); ++i) File(i);
    if (!model_.title_field().empty()) Known("title_field", model_.title_field());
  }

 private:
  void Wrong(absl::string_view part, absl::string_view description) {
    wrong_->push_back({StrCat(path_, ".", part), std::string(description)});
  }
  void Known(absl::string_view part, const std::string& field) {
    if (!names_.contains(field)) Wrong(part, StrCat("got \"", field, "\", want one of the model's fields"));
  }
  void Known(absl::string_view part, const google::protobuf::RepeatedPtrField<std::string>& fields,
             bool is_required = false) {
    if (is_required && fields.empty()) Wrong(part, "got none, want at least one of the model's fields");
    for (int i = 0; i < fields.size(); ++i) Known(StrCat(part, "[", i, "]"), fields[i]);
  }

  void Field(int i) {
    const v1::ModelField& field = model_.fields(i);
    const std::string part = StrCat("fields[", i, "]");
    if (field.name().empty()) Wrong(StrCat(part, ".name"), "got nothing, want the field's name");
    if (!names_.insert(field.name()).second)
      Wrong(StrCat(part, ".name"), StrCat("got ", field.name(), ", which comes twice"));
    if (field.type() == v1::FIELD_TYPE_UNSPECIFIED || !v1::FieldType_IsValid(field.type()))
      Wrong(StrCat(part, ".type"), "got none, want one of FieldType");
    for (const auto& [name, number] :
         {std::pair("size_bits", field.size_bits()), std::pair("max_length", field.max_length()),
          std::pair("precision", field.precision())}) {
      if (number < 0) Wrong(StrCat(part, ".", name), StrCat("got ", number, ", want 0 or more"));
    }
  }

  void ForeignKey(int i) {
    const v1::ForeignKey& key = model_.foreign_keys(i);
    const std::string part = StrCat("foreign_keys[", i, "]");
    Known(StrCat(part, ".fields"), key.fields(), /*is_required=*/true);
    if (key.model().empty()) Wrong(StrCat(part, ".model"), "got nothing, want the referenced model");
    if (!v1::DeleteRule_IsValid(key.delete_rule()))
      Wrong(StrCat(part, ".delete_rule"), "got another number, want one of DeleteRule");
    if (!key.referenced_fields().empty() && key.referenced_fields_size() != key.fields_size()) {
      Wrong(StrCat(part, ".referenced_fields"),
            StrCat("got ", key.referenced_fields_size(),
                   ", want as many as fields, or none for the referenced model's key"));
    }
  }

  void Pivot() {
    if (!model_.has_pivot()) return;
    if (model_.pivot().sides_size() != 2)
      Wrong("pivot.sides", StrCat("got ", model_.pivot().sides_size(), ", want the two that it joins"));
    for (int i = 0; i < model_.pivot().sides_size(); ++i) {
      const std::string part = StrCat("pivot.sides[", i, "]");
      Known(StrCat(part, ".fields"), model_.pivot().sides(i).fields(), /*is_required=*/true);
      if (model_.pivot().sides(i).model().empty())
        Wrong(StrCat(part, ".model"), "got nothing, want the joined model");
    }
  }

  void Pair(int i) {
    const v1::PolymorphicPair& pair = model_.polymorphic_pairs(i);
    const std::string part = StrCat("polymorphic_pairs[", i, "]");
    Known(StrCat(part, ".type_field"), pair.type_field());
    Known(StrCat(part, ".id_field"), pair.id_field());
    if (pair.types_size() > kMaxTypes)
      Wrong(StrCat(part, ".types"), StrCat("got ", pair.types_size(), ", want at most ", kMaxTypes));
  }

  void File(int i) {
    const v1::FileField& file = model_.file_fields(i);
    const std::string part = StrCat("file_fields[", i, "]");
    if (file.kind() == v1::FILE_KIND_UNSPECIFIED || !v1::FileKind_IsValid(file.kind()))
      Wrong(StrCat(part, ".kind"), "got none, want one of FileKind");
    if (file.field().empty() && file.model().empty())
      Wrong(StrCat(part, ".field"), "got nothing, want a field, or the model that has the files");
    if (!file.field().empty()) Known(StrCat(part, ".field"), file.field());
  }

  const v1::Model& model_;
  const std::string path_;
  std::vector<FieldViolation>* const wrong_;
  std::set<std::string> names_;
};

}  // namespace

absl::Status CheckModels(const v1::PutModelsRequest& request) {
  if (request.models().empty() || request.models_size() > kMaxModels) {
    return InvalidField("models", StrCat("got ", request.models_size(), ", want 1 to ", kMaxModels));
  }
  std::vector<FieldViolation> wrong;
  std::set<std::string> names;
  for (int i = 0; i < request.models_size(); ++i) {
    const std::string path = StrCat("models[", i, "]");
    ModelCheck(request.models(i), path, &wrong).Run();
    if (!names.insert(request.models(i).model()).second)
      wrong.push_back(
          {StrCat(path, ".model"), StrCat("got ", request.models(i).model(), ", which comes twice")});
  }
  return wrong.empty() ? absl::OkStatus() : InvalidFields(wrong);
}

}  // namespace cognate::platform_registry
