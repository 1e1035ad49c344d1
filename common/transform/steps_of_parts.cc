// Texts that are put together out of several fields, and taken apart.
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

constexpr char kWantSingle[] = "a single value; get_path takes one out of a list or map";
constexpr size_t kMaxTemplateBytes = 64 << 10;
constexpr auto kMaxBytes = static_cast<size_t>(value::kMaxValueBytes);

// Appends the text of a field; nothing for NULL and what is not listed.
std::optional<Stop> AppendField(const NamedSlot& from, const WorkingRecord& record, std::string* text,
                                bool* any_listed) {
  const Value* const value = record.Get(from.slot);
  if (value == nullptr) return std::nullopt;
  *any_listed = true;
  if (value->has_null_value()) return std::nullopt;
  if (value->has_reference_value() || !value::AppendCanonicalText(*value, text)) {
    return StopAt(from.name, NotWanted(*value, kWantSingle));
  }
  if (text->size() > kMaxBytes) return StopAt(from.name, TooLarge());
  return std::nullopt;
}

// A text with places for fields.
struct Piece {
  std::string text;
  NamedSlot field;  // after the text; slot -1: none
};

// Literal text up to the next `{` of a field, which is cut off too; nullopt for a lone `}`.
std::optional<std::string> TakeLiteral(absl::string_view* rest, bool* field_follows) {
  std::string text;
  *field_follows = false;
  while (!rest->empty()) {
    const char c = rest->front();
    const bool doubled = rest->size() > 1 && (*rest)[1] == c;
    rest->remove_prefix(1);
    if (c != '{' && c != '}') {
      text.push_back(c);
    } else if (doubled) {
      text.push_back(c);
      rest->remove_prefix(1);
    } else if (c == '{') {
      *field_follows = true;
      return text;
    } else {
      return std::nullopt;
    }
  }
  return text;
}

std::vector<Piece> CompileTemplate(Compiler& compiler, absl::string_view rest) {
  std::vector<Piece> pieces;
  while (!rest.empty()) {
    bool field_follows = false;
    std::optional<std::string> text = TakeLiteral(&rest, &field_follows);
    if (!text.has_value()) {
      compiler.Wrong("template", "got a } that closes nothing, want }} for a brace of the text");
      return pieces;
    }
    pieces.push_back({*std::move(text), {}});
    if (!field_follows) continue;
    const size_t end = rest.find('}');
    if (end == absl::string_view::npos) {
      compiler.Wrong("template", "got a { without }, want {{ for a brace of the text");
      return pieces;
    }
    const std::string name(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    const std::optional<KnownField> known = compiler.Read("template", name, kScalars, kWantSingle);
    if (known.has_value()) pieces.back().field = {name, known->slot};
  }
  return pieces;
}

std::optional<Stop> Fill(const std::vector<Piece>& pieces, int to, WorkingRecord& record) {
  auto* const made = google::protobuf::Arena::CreateMessage<Value>(record.arena());
  std::string* const text = made->mutable_text_value();
  bool any_field = false;
  bool any_listed = false;
  for (const Piece& piece : pieces) {
    text->append(piece.text);
    if (piece.field.slot < 0) continue;
    any_field = true;
    if (std::optional<Stop> stop = AppendField(piece.field, record, text, &any_listed); stop.has_value())
      return stop;
  }
  record.Set(to, any_field && !any_listed ? nullptr : made);
  return std::nullopt;
}

absl::string_view Stripped(absl::string_view part, bool trim) {
  return trim ? absl::StripAsciiWhitespace(part) : part;
}

Failed SplitIntoList(const v1::Split& step, const std::string& text, Value* to) {
  constexpr size_t kBytesOfAPart = 4;  // what an empty one needs
  size_t parts = 1;
  for (size_t at = text.find(step.separator()); at != std::string::npos;
       at = text.find(step.separator(), at + step.separator().size())) {
    ++parts;
  }
  if (text.size() + parts * kBytesOfAPart > kMaxBytes) return TooLarge();
  v1::ListValue* const list = to->mutable_list_value();
  list->mutable_values()->Reserve(static_cast<int>(parts));
  for (const absl::string_view part : absl::StrSplit(text, absl::ByString(step.separator()))) {
    const absl::string_view stripped = Stripped(part, step.trim());
    list->add_values()->set_text_value(stripped.data(), stripped.size());
  }
  return std::nullopt;
}

std::optional<Stop> SplitIntoFields(const v1::Split& step, int from, const std::vector<int>& to,
                                    WorkingRecord& record) {
  const Value* const value = record.Get(from);
  if (value == nullptr || value->has_null_value()) {
    for (const int slot : to) record.Set(slot, value);
    return std::nullopt;
  }
  if (!value->has_text_value()) return StopAt(step.field(), NotWanted(*value, kWantText));
  absl::string_view rest = value->text_value();
  bool is_over = false;
  for (size_t i = 0; i < to.size(); ++i) {
    Value* const part = record.Make(to[i]);
    if (is_over) {
      part->set_null_value(google::protobuf::NULL_VALUE);
      continue;
    }
    const size_t end = i + 1 == to.size() ? absl::string_view::npos : rest.find(step.separator());
    const absl::string_view stripped = Stripped(rest.substr(0, end), step.trim());
    part->set_text_value(stripped.data(), stripped.size());
    is_over = end == absl::string_view::npos;
    if (!is_over) rest.remove_prefix(end + step.separator().size());
  }
  return std::nullopt;
}

void CompileParts(Compiler& compiler, const v1::Split& step, const std::optional<KnownField>& from) {
  std::vector<int> to;
  std::set<std::string> names;
  for (int i = 0; i < step.into_size(); ++i) {
    const std::string path = StrCat("into[", i, "]");
    v1::ModelField holds = TextField(from.has_value() ? from->field.max_length() : 0);
    holds.set_nullable(i > 0 || !from.has_value() || from->field.nullable());
    if (!names.insert(step.into(i)).second) {
      compiler.Wrong(path, StrCat("got ", step.into(i), ", which stands there already, want another name"));
    }
    to.push_back(compiler.Write(path, step.into(i), std::move(holds)));
  }
  if (!from.has_value()) return;
  compiler.Run([step, from = from->slot, to](WorkingRecord& record, const Context&) {
    return SplitIntoFields(step, from, to, record);
  });
}

}  // namespace

void Compile(Compiler& compiler, const v1::Concat& step) {
  if (step.fields().empty()) compiler.Wrong("fields", "got none, want at least one field");
  std::vector<NamedSlot> from;
  for (int i = 0; i < step.fields_size(); ++i) {
    const std::optional<KnownField> known =
        compiler.Read(StrCat("fields[", i, "]"), step.fields(i), kScalars, kWantSingle);
    if (known.has_value()) from.push_back({step.fields(i), known->slot});
  }
  const int to = compiler.Write("into", step.into(), TextField());
  compiler.Run([from, to, separator = step.separator(), skip_empty = step.skip_empty()](
                   WorkingRecord& record, const Context&) -> std::optional<Stop> {
    auto* const made = google::protobuf::Arena::CreateMessage<Value>(record.arena());
    std::string* const text = made->mutable_text_value();
    bool any_listed = false;
    bool is_first = true;
    for (const NamedSlot& each : from) {
      const size_t before = text->size();
      if (!is_first) text->append(separator);
      const size_t begin = text->size();
      if (std::optional<Stop> stop = AppendField(each, record, text, &any_listed); stop.has_value())
        return stop;
      if (skip_empty && text->size() == begin) {
        text->resize(before);
      } else {
        is_first = false;
      }
    }
    record.Set(to, any_listed ? made : nullptr);
    return std::nullopt;
  });
}

void Compile(Compiler& compiler, const v1::Split& step) {
  if (step.separator().empty()) compiler.Wrong("separator", "got nothing, want at least 1 byte");
  if (step.into().empty()) {
    compiler.Wrong("into", "got none, want one name for a list of all parts, or one for each part");
  }
  const std::optional<KnownField> from = compiler.Read("field", step.field(), kTexts, kWantText);
  if (step.into_size() > 1 || !from.has_value()) return CompileParts(compiler, step, from);
  if (step.into_size() == 0) return;
  v1::ModelField holds = FieldOf(v1::FIELD_TYPE_LIST);
  holds.set_element_type(v1::FIELD_TYPE_TEXT);
  if (step.into(0).empty()) compiler.Wrong("into[0]", "got nothing, want the name of the field to write");
  AddValueStep(compiler, *from, step.into(0), std::move(holds),
               [step](const Value& value, Value* to) -> Failed {
                 if (!value.has_text_value()) return WrongType(value, kWantText);
                 return SplitIntoList(step, value.text_value(), to);
               });
}

void Compile(Compiler& compiler, const v1::FillTemplate& step) {
  if (step.template_().empty()) compiler.Wrong("template", "got nothing, want a text such as \"{name}\"");
  if (step.template_().size() > kMaxTemplateBytes) {
    compiler.Wrong("template",
                   StrCat("got ", step.template_().size(), " bytes, want at most ", kMaxTemplateBytes));
    return WriteAnything(compiler, step.into());
  }
  const std::vector<Piece> pieces = CompileTemplate(compiler, step.template_());
  const int to = compiler.Write("into", step.into(), TextField());
  compiler.Run([pieces, to](WorkingRecord& record, const Context&) { return Fill(pieces, to, record); });
}

}  // namespace cognate::transform
