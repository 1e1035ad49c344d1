#include "services/platform_registry/model_difference.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/value/convert.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

std::string TypeOf(const v1::ModelField& field) {
  std::string type = value::TypeName(field.type());
  if (field.type() == v1::FIELD_TYPE_LIST)
    absl::StrAppend(&type, " of ", value::TypeName(field.element_type()));
  if (field.size_bits() > 0) absl::StrAppend(&type, " of ", field.size_bits(), " bits");
  if (field.max_length() > 0) absl::StrAppend(&type, " of at most ", field.max_length(), " characters");
  if (field.precision() > 0)
    absl::StrAppend(&type, " of ", field.precision(), " digits, ", field.scale(), " of them after the point");
  if (!field.enum_labels().empty()) absl::StrAppend(&type, " of ", absl::StrJoin(field.enum_labels(), ", "));
  return type;
}

void CompareFields(const v1::ModelField& ours, const v1::ModelField& theirs,
                   std::vector<std::string>* differences) {
  const std::string our_type = TypeOf(ours), their_type = TypeOf(theirs);
  if (our_type != their_type)
    differences->push_back(StrCat(ours.name(), " is ", their_type, ", not ", our_type));
  if (ours.nullable() != theirs.nullable())
    differences->push_back(StrCat(ours.name(), theirs.nullable() ? " takes NULL" : " takes no NULL"));
  if (ours.has_default() != theirs.has_default())
    differences->push_back(StrCat(ours.name(), theirs.has_default() ? " has a default" : " has no default"));
  if (ours.generated() != theirs.generated())
    differences->push_back(StrCat(ours.name(), theirs.generated() ? " is computed" : " is not computed"));
}

}  // namespace

std::vector<std::string> DifferencesOf(const v1::Model& ours, const v1::Model& theirs) {
  std::vector<std::string> differences;
  for (const v1::ModelField& field : ours.fields()) {
    const v1::ModelField* const same = FindField(theirs, field.name());
    if (same == nullptr) {
      differences.push_back(StrCat("has no field ", field.name()));
    } else {
      CompareFields(field, *same, &differences);
    }
  }
  for (const v1::ModelField& field : theirs.fields()) {
    if (FindField(ours, field.name()) == nullptr)
      differences.push_back(StrCat("has a field ", field.name(), ", ", TypeOf(field)));
  }
  if (!std::equal(ours.key_fields().begin(), ours.key_fields().end(), theirs.key_fields().begin(),
                  theirs.key_fields().end())) {
    differences.push_back(theirs.key_fields().empty()
                              ? "has no key"
                              : StrCat("has the key ", absl::StrJoin(theirs.key_fields(), ", ")));
  }
  constexpr size_t kShown = 50;
  if (differences.size() > kShown) differences.resize(kShown);
  return differences;
}

}  // namespace cognate::platform_registry
