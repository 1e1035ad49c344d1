// Values that hold the ids of other records, as references to these.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/codec/value_path.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/local_id.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using v1::Value;

constexpr char kWantId[] = "the id of a record: a text or a number; a path leads into lists and maps";

struct Models {
  std::string source_model;
  std::string target_model;
};

Failed ReferTo(const Models& models, const Value& from, Value* to) {
  if (from.has_null_value() || (from.has_text_value() && from.text_value().empty())) {
    to->set_null_value(google::protobuf::NULL_VALUE);
    return std::nullopt;
  }
  if (from.has_omitted_value() || from.has_reference_value()) return NotWanted(from, kWantId);
  absl::StatusOr<std::string> text = value::LocalIdText(from);
  if (!text.ok()) return WrongType(from, kWantId);
  v1::Reference* const reference = to->mutable_reference_value();
  reference->set_model(models.target_model);
  reference->set_source_model(models.source_model);
  reference->set_is_number(from.has_int64_value());
  reference->set_source_local_id(value::FitLocalId(*std::move(text)));
  return std::nullopt;
}

// A value, or each value of a list.
Failed ReferToAll(const Models& models, const Value& from, Value* to) {
  if (!from.has_list_value()) return ReferTo(models, from, to);
  v1::ListValue* const list = to->mutable_list_value();
  for (const Value& element : from.list_value().values()) {
    if (Failed failed = ReferTo(models, element, list->add_values()); failed.has_value()) return failed;
  }
  return std::nullopt;
}

Failed ReferWithin(const Models& models, const codec::ValuePath& path, const Value& from, Value* to) {
  if (!from.has_list_value() && !from.has_map_value()) {
    return WrongType(from, "a list or a map that the path leads into; decode a text first");
  }
  *to = from;
  Failed failed;
  // What is wrong stands in `failed`; the status only ends the walk.
  path.ForEach(to,
               [&](Value* place) {
                 const Value id = std::move(*place);
                 place->Clear();
                 failed = ReferToAll(models, id, place);
                 return failed.has_value() ? absl::CancelledError() : absl::OkStatus();
               })
      .IgnoreError();
  if (failed.has_value()) failed->message = absl::StrCat("at ", path.text(), ": ", failed->message);
  return failed;
}

}  // namespace

void Compile(Compiler& compiler, const v1::MakeReference& step) {
  if (step.source_model().empty()) {
    compiler.Wrong("source_model", "got nothing, want the referenced model on the source platform");
  }
  std::shared_ptr<const codec::ValuePath> path;
  if (!step.path().empty()) {
    absl::StatusOr<codec::ValuePath> parsed = codec::ValuePath::Parse(step.path());
    if (!parsed.ok()) {
      compiler.Wrong("path", parsed.status().message());
    } else if (parsed->appends()) {
      compiler.Wrong("path",
                     "got [-], which is a place to write to, want places that there are, such as [*]");
    } else {
      path = std::make_shared<const codec::ValuePath>(*std::move(parsed));
    }
  }
  const std::optional<KnownField> from =
      step.path().empty() ? compiler.Read("field", step.field(), compiler.OrReferences(kWithoutReferences),
                                          "a field without references yet")
                          : compiler.Read("field", step.field(), kContainers | kReferences,
                                          "a list or a map, as there is a path; decode a text first");
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  v1::ModelField holds;
  if (from->field.type() == v1::FIELD_TYPE_LIST) holds = FieldOf(v1::FIELD_TYPE_LIST);
  // An empty text becomes NULL.
  if (path == nullptr && (IsIn(*from, kTexts))) holds.set_nullable(true);
  auto models = std::make_shared<const Models>(Models{step.source_model(), step.target_model()});
  AddValueStep(
      compiler, *from, step.into(), std::move(holds),
      [models, path](const Value& value, Value* to) {
        return path == nullptr ? ReferToAll(*models, value, to) : ReferWithin(*models, *path, value, to);
      },
      /*holds_references=*/true);
}

}  // namespace cognate::transform
