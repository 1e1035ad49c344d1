// Steps that go into lists, maps and the texts that these are written as.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/codec/json.h"
#include "common/codec/late_ids.h"
#include "common/codec/php.h"
#include "common/codec/value_path.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using codec::ValuePath;
using v1::Value;

constexpr char kWantTree[] = "a list, a map or a JSON text; decode other texts first";
constexpr char kWantList[] = "a list of single values";
constexpr TypeSet kTrees = kTexts | kContainers | kReferences;

// A codec's `HAS_OBJECTS: …` or `NOT_ENCODED: …`.
Failure NotRead(const Value& from, const absl::Status& status, absl::string_view want) {
  const bool has_objects = absl::StartsWith(status.message(), "HAS_OBJECTS");
  absl::string_view why = status.message();
  if (const size_t colon = why.find(": "); colon != absl::string_view::npos) why = why.substr(colon + 2);
  return {has_objects ? "HAS_OBJECTS" : "NOT_ENCODED",
          StrCat("got ", value::Describe(from), ", want ", want, ": ", why, "; correct it at the source")};
}

// nullptr with a violation. `to_write` may append.
std::shared_ptr<const ValuePath> CompilePath(Compiler& compiler, const std::string& text, bool to_write) {
  absl::StatusOr<ValuePath> parsed = ValuePath::Parse(text);
  if (!parsed.ok()) {
    compiler.Wrong("path", parsed.status().message());
  } else if (parsed->has_wildcards() || (parsed->appends() && !to_write)) {
    compiler.Wrong("path", GotWant(text, "a path to one place, without [*], .* and, to read, [-]"));
  } else {
    return std::make_shared<const ValuePath>(*std::move(parsed));
  }
  return nullptr;
}

Failed GetAt(const ValuePath& path, const Value& from, Value* to) {
  const Value* root = &from;
  absl::StatusOr<Value> read;
  if (from.has_text_value()) {
    read = codec::ReadJson(from.text_value());
    if (!read.ok()) return NotRead(from, read.status(), "JSON");
    root = &*read;
  } else if (!from.has_list_value() && !from.has_map_value()) {
    return WrongType(from, kWantTree);
  }
  const Value* const found = path.Get(*root);
  if (found == nullptr) {
    to->set_null_value(google::protobuf::NULL_VALUE);
  } else if (found->has_omitted_value()) {
    return LeftOut(found->omitted_value());
  } else {
    *to = *found;
  }
  return std::nullopt;
}

struct SetAt {
  std::shared_ptr<const ValuePath> path;
  bool is_text = false;  // of a field that holds texts: NULL becomes one, too
  bool value_has_references = false;

  Failed operator()(const Value* field, const Value& value, Value* to) const {
    const bool is_empty = field == nullptr || field->has_null_value();
    const bool as_text = is_empty ? is_text : field->has_text_value();
    if (as_text && value_has_references)
      return WrongType(*field, "a list or a map, as references go into it");
    if (is_empty) {
      to->set_null_value(google::protobuf::NULL_VALUE);  // the path makes what it leads into
    } else if (as_text) {
      absl::StatusOr<Value> read = codec::ReadJson(field->text_value());
      if (!read.ok()) return NotRead(*field, read.status(), "JSON");
      *to = *std::move(read);
    } else if (field->has_list_value() || field->has_map_value()) {
      *to = *field;
    } else {
      return NotWanted(*field, kWantTree);
    }
    if (const absl::Status status = path->Set(to, value); !status.ok()) {
      return Failure{"PATH_BLOCKED", StrCat(status.message(), "; correct it at the source")};
    }
    if (as_text) to->set_text_value(codec::WriteJson(*to));
    return std::nullopt;
  }
};

Failed DecodeText(v1::Encoding encoding, const Value& from, Value* to) {
  if (!from.has_text_value()) return WrongType(from, kWantText);
  if (encoding == v1::ENCODING_COMMA_LIST) {
    v1::ListValue* const list = to->mutable_list_value();
    const std::string& text = from.text_value();
    if (text.empty()) return std::nullopt;
    // An empty part needs four bytes.
    const auto parts = static_cast<size_t>(std::count(text.begin(), text.end(), ',')) + 1;
    if (text.size() + 4 * parts > static_cast<size_t>(value::kMaxValueBytes)) return TooLarge();
    for (const absl::string_view part : absl::StrSplit(text, ',')) {
      list->add_values()->set_text_value(part.data(), part.size());
    }
    return std::nullopt;
  }
  const bool is_json = encoding == v1::ENCODING_JSON;
  absl::StatusOr<Value> read =
      is_json ? codec::ReadJson(from.text_value()) : codec::ReadPhp(from.text_value());
  if (!read.ok()) return NotRead(from, read.status(), is_json ? "JSON" : "what PHP's serialize() writes");
  *to = *std::move(read);
  return std::nullopt;
}

Failed EncodeCommas(const Value& from, std::string* text) {
  if (!from.has_list_value()) return WrongType(from, kWantList);
  bool is_first = true;
  for (const Value& element : from.list_value().values()) {
    if (!is_first) text->push_back(',');
    is_first = false;
    const size_t begin = text->size();
    if (!value::AppendCanonicalText(element, text)) return NotWanted(element, kWantList);
    if (text->find(',', begin) != std::string::npos) {
      return Failure{"TRANSFORM_WRONG_TYPE",
                     StrCat("got ", value::Describe(element),
                            " in a list, want values without a comma; encode as JSON")};
    }
  }
  return std::nullopt;
}

Failed EncodeValue(v1::Encoding encoding, const Value& from, Value* to) {
  if (codec::HoldsReferences(from)) {
    // The ids are not known yet; whether it can be encoded at all is.
    *to->mutable_encoded_value()->mutable_value() = from;
    to->mutable_encoded_value()->set_encoding(encoding);
    Value text;
    const absl::Status status = codec::WriteIds(*to, &text);
    return status.ok() ? Failed() : WrongType(from, StrCat("what can be encoded: ", status.message()));
  }
  std::string* const text = to->mutable_text_value();
  if (encoding == v1::ENCODING_COMMA_LIST) return EncodeCommas(from, text);
  if (encoding == v1::ENCODING_JSON) {
    *text = codec::WriteJson(from);
    return std::nullopt;
  }
  absl::StatusOr<std::string> written = codec::WritePhp(from);
  if (!written.ok()) return WrongType(from, StrCat("what PHP can serialize: ", written.status().message()));
  *text = *std::move(written);
  return std::nullopt;
}

void CheckEncoding(Compiler& compiler, v1::Encoding encoding) {
  if (!v1::Encoding_IsValid(encoding) || encoding == v1::ENCODING_UNSPECIFIED) {
    compiler.Wrong("encoding", StrCat("got ", static_cast<int>(encoding),
                                      ", want ENCODING_JSON, ENCODING_PHP or ENCODING_COMMA_LIST"));
  }
}

}  // namespace

void Compile(Compiler& compiler, const v1::GetPath& step) {
  const auto path = CompilePath(compiler, step.path(), false);
  if (step.into().empty()) compiler.Wrong("into", "got nothing, want the name of the field to write");
  const std::optional<KnownField> from = compiler.Read("field", step.field(), kTrees, kWantTree);
  if (!from.has_value() || path == nullptr) return WriteAnything(compiler, step.into());
  v1::ModelField holds;
  holds.set_nullable(true);
  AddValueStep(
      compiler, *from, step.into(), std::move(holds),
      [path](const Value& value, Value* to) { return GetAt(*path, value, to); }, from->holds_references);
}

void Compile(Compiler& compiler, const v1::SetPath& step) {
  const auto path = CompilePath(compiler, step.path(), true);
  const std::optional<KnownField> value = compiler.Read("value_field", step.value_field());
  // It need not be there: the path makes what it leads into.
  const std::optional<KnownField> field = compiler.ReadIfThere("field", step.field(), kTrees, kWantTree);
  v1::ModelField holds;
  // It stays as it is where the value is not listed.
  const bool may_stay = value.has_value() && value->field.nullable();
  if (field.has_value()) holds.set_type(field->field.type());
  holds.set_nullable(may_stay && (!field.has_value() || field->field.nullable()));
  if (path != nullptr && holds.type() == v1::FIELD_TYPE_LIST && path->begins_with_name()) {
    compiler.Wrong("path", GotWant(step.path(), "a path that begins with a place, such as [0] or [-], as " +
                                                    step.field() + " is a list"));
  }
  SetAt set;
  set.path = path;
  set.is_text = holds.type() != v1::FIELD_TYPE_UNSPECIFIED && (Only(holds.type()) & kTexts) != 0;
  set.value_has_references = value.has_value() && value->holds_references;
  const bool holds_references = set.value_has_references || (field.has_value() && field->holds_references);
  if (set.is_text && set.value_has_references) {
    compiler.Wrong("field", StrCat("got ", step.field(), ", which holds texts, want a list or a map, as ",
                                   step.value_field(), " holds references; decode it first"));
  }
  const int to = compiler.Write("field", step.field(), std::move(holds), holds_references,
                                /*keeps_old=*/false);
  if (!value.has_value() || path == nullptr) return;
  compiler.Run([set, to, from = value->slot, name = step.field(), value_name = step.value_field()](
                   WorkingRecord& record, const Context&) -> std::optional<Stop> {
    const Value* const put = record.Get(from);
    if (put == nullptr) return std::nullopt;
    if (put->has_omitted_value()) return StopAt(value_name, LeftOut(put->omitted_value()));
    auto* const made = google::protobuf::Arena::CreateMessage<Value>(record.arena());
    if (const Failed failed = set(record.Get(to), *put, made); failed.has_value())
      return StopAt(name, *failed);
    if (IsTooLarge(*made)) return StopAt(name, TooLarge());
    record.Set(to, made);
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::Decode& step) {
  CheckEncoding(compiler, step.encoding());
  const std::optional<KnownField> from =
      compiler.Read("field", step.field(), compiler.OrReferences(kTexts), kWantText);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  v1::ModelField holds;
  if (step.encoding() == v1::ENCODING_COMMA_LIST) {
    holds.set_type(v1::FIELD_TYPE_LIST);
    holds.set_element_type(v1::FIELD_TYPE_TEXT);
  } else {
    holds.set_nullable(true);  // `null` and `N;`
  }
  AddValueStep(compiler, *from, step.into(), std::move(holds),
               [encoding = step.encoding()](const Value& value, Value* to) {
                 return DecodeText(encoding, value, to);
               });
}

void Compile(Compiler& compiler, const v1::Encode& step) {
  CheckEncoding(compiler, step.encoding());
  const bool is_json = step.encoding() == v1::ENCODING_JSON;
  const bool is_commas = step.encoding() == v1::ENCODING_COMMA_LIST;
  const std::optional<KnownField> from =
      is_commas ? compiler.Read("field", step.field(), kContainers | kReferences, kWantList)
                : compiler.Read("field", step.field());
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  AddValueStep(
      compiler, *from, step.into(), FieldOf(is_json ? v1::FIELD_TYPE_JSON : v1::FIELD_TYPE_TEXT),
      [encoding = step.encoding()](const Value& value, Value* to) {
        return EncodeValue(encoding, value, to);
      },
      from->holds_references);
}

}  // namespace cognate::transform
