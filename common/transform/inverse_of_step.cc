#include "common/transform/inverse_of_step.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/transform/time_form.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Transform;

std::string UndoLookUp(const v1::LookUp& step, const std::string& name, Transform* back) {
  if (step.otherwise_case() != v1::LookUp::OTHERWISE_NOT_SET) {
    return "values that are not in the table pass it, so that it cannot be read backwards";
  }
  back->mutable_look_up()->set_field(name);
  std::set<std::string> seen;
  for (const v1::LookUpEntry& entry : step.entries()) {
    // By the canonical text, so that 5 and 5.0 are one value, as in a table.
    std::string key;
    if (!value::AppendCanonicalText(entry.to(), &key))
      return "a table can only be read backwards from single values";
    key.push_back(entry.to().has_text_value() ? 't' : entry.to().has_bool_value() ? 'b' : 'v');
    if (!seen.insert(key).second) {
      return StrCat(value::Describe(entry.to()),
                    " stands for several values, so that it cannot be read backwards");
    }
    v1::LookUpEntry* const reversed = back->mutable_look_up()->add_entries();
    *reversed->mutable_from() = entry.to();
    *reversed->mutable_to() = entry.from();
  }
  return "";
}

bool IsDay(const v1::TimeForm& form) {
  return form.form_case() == v1::TimeForm::kDate ||
         (form.form_case() == v1::TimeForm::kFormat && !SaysTimeOfDay(form.format()));
}

std::string UndoChangeTime(const v1::ChangeTime& step, const std::string& name, Transform* back) {
  if (IsDay(step.to()) && !IsDay(step.from())) return "the time of day is lost";
  back->mutable_change_time()->set_field(name);
  *back->mutable_change_time()->mutable_from() = step.to();
  *back->mutable_change_time()->mutable_to() = step.from();
  return "";
}

absl::string_view WithoutScheme(absl::string_view url) {
  const size_t end = url.find("://");
  if (end != absl::string_view::npos) url.remove_prefix(end + 3);
  absl::ConsumePrefix(&url, "//");
  return url;
}

std::string UndoRewriteUrls(const v1::RewriteUrls& step, const std::string& name, Transform* back) {
  back->mutable_rewrite_urls()->set_field(name);
  std::set<std::string> seen;
  for (const v1::UrlRewrite& rewrite : step.rewrites()) {
    const std::string from(WithoutScheme(rewrite.to()));
    if (!seen.insert(from).second) return StrCat("several URLs become ", from);
    v1::UrlRewrite* const reversed = back->mutable_rewrite_urls()->add_rewrites();
    reversed->set_from(from);
    reversed->set_to(rewrite.from());
  }
  return "";
}

std::string UndoReference(const v1::MakeReference& step, const std::string& name, Transform* back) {
  if (step.target_model().empty()) {
    return "target_model is not set, so nobody knows what the ids of the other side refer to; set it";
  }
  v1::MakeReference* const reference = back->mutable_reference();
  reference->set_field(name);
  reference->set_path(step.path());
  reference->set_source_model(step.target_model());
  reference->set_target_model(step.source_model());
  return "";
}

std::string UndoRewritePrefix(const v1::RewritePrefix& step, const std::string& name, Transform* back) {
  v1::RewritePrefix* const rewrite = back->mutable_rewrite_prefix();
  rewrite->set_field(name);
  rewrite->set_from(step.to());
  rewrite->set_to(step.from());
  rewrite->set_names(step.names());
  rewrite->set_values(step.values());
  return "";
}

std::string UndoTruthy(const v1::Truthy& step, const std::string& name, Transform* back) {
  if (step.negate()) return "a bool does not say what it was before";
  back->mutable_to_integer()->set_field(name);
  return "";
}

}  // namespace

bool IsUnary(const Transform& step, std::string* field, std::string* into) {
  const auto* const word = Transform::descriptor()->FindFieldByNumber(step.step_case());
  if (word == nullptr || step.has_rename() || step.has_copy()) return false;
  if (step.has_truthy()) {
    if (step.truthy().fields_size() != 1) return false;
    *field = step.truthy().fields(0);
    *into = step.truthy().into();
  } else {
    const google::protobuf::Message& message = step.GetReflection()->GetMessage(step, word);
    const auto* const from = message.GetDescriptor()->FindFieldByName("field");
    const auto* const to = message.GetDescriptor()->FindFieldByName("into");
    if (from == nullptr || to == nullptr || to->is_repeated()) return false;
    *field = message.GetReflection()->GetString(message, from);
    *into = message.GetReflection()->GetString(message, to);
  }
  if (into->empty()) *into = *field;
  return true;
}

std::string InvertUnary(const Transform& step, const std::string& name, Transform* back) {
  switch (step.step_case()) {
    case Transform::kLookUp:
      return UndoLookUp(step.look_up(), name, back);
    case Transform::kTruthy:
      return UndoTruthy(step.truthy(), name, back);
    case Transform::kChangeTime:
      return UndoChangeTime(step.change_time(), name, back);
    case Transform::kDecode:
      back->mutable_encode()->set_field(name);
      back->mutable_encode()->set_encoding(step.decode().encoding());
      return "";
    case Transform::kEncode:
      back->mutable_decode()->set_field(name);
      back->mutable_decode()->set_encoding(step.encode().encoding());
      return "";
    case Transform::kRewritePrefix:
      return UndoRewritePrefix(step.rewrite_prefix(), name, back);
    case Transform::kRewriteUrls:
      return UndoRewriteUrls(step.rewrite_urls(), name, back);
    case Transform::kReference:
      return UndoReference(step.reference(), name, back);
    case Transform::kToInteger:
    case Transform::kToDecimal:
      return "a number does not say what it was before";
    case Transform::kStatusFromDeleted:
      return "a status does not say when the record was deleted";
    case Transform::kGetPath:
      return "the rest of the list or map is not known";
    default:
      return "what it takes away is not known";
  }
}

}  // namespace cognate::transform
