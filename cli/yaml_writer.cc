#include "cli/yaml_writer.h"

#include <cmath>
#include <string>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/yaml_message.h"

namespace cognate::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kWidth = 100;

bool IsPlainWord(absl::string_view text) {
  if (!absl::ascii_isalpha(static_cast<unsigned char>(text[0])) && text[0] != '_') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_inner_space = c == ' ' && i + 1 < text.size() && text[i + 1] != ' ';
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains("_./@-", absl::string_view(&c, 1)) && !is_inner_space) {
      return false;
    }
  }
  return true;
}

// Code points that are no character to see, or that YAML takes for line breaks.
bool IsHidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
         (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF;
}

// The next code point of valid UTF-8, and its bytes.
char32_t NextCodePoint(absl::string_view text, size_t* bytes) {
  const auto first = static_cast<unsigned char>(text[0]);
  *bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (*bytes == 1 || *bytes > text.size()) {
    *bytes = 1;
    return first;
  }
  char32_t c = first & (0xFFu >> (*bytes + 1));
  for (size_t i = 1; i < *bytes; ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  return c;
}

bool HasHidden(absl::string_view text, bool may_have_lines) {
  for (size_t bytes = 0; !text.empty(); text.remove_prefix(bytes)) {
    const char32_t c = NextCodePoint(text, &bytes);
    if (IsHidden(c) && !(may_have_lines && c == '\n')) return true;
  }
  return false;
}

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (size_t bytes = 0; !text.empty(); text.remove_prefix(bytes)) {
    const char32_t c = NextCodePoint(text, &bytes);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&quoted, "\\", text.substr(0, 1));
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (IsHidden(c)) {
      absl::StrAppendFormat(&quoted, "\\u%04X", static_cast<uint32_t>(c));
    } else {
      absl::StrAppend(&quoted, text.substr(0, bytes));
    }
  }
  return quoted + "\"";
}

// Lines as they are: scripts. Only where no reader can take the first line's spaces for the block's.
bool IsBlock(absl::string_view text) {
  return absl::StrContains(text, '\n') && text[0] != ' ' && text[0] != '\n' && !HasHidden(text, true) &&
         text.find_first_not_of("\n ") != absl::string_view::npos && !absl::EndsWith(text, " ") &&
         !absl::EndsWith(text, " \n") && !absl::EndsWith(text, "\n\n");
}

std::string Block(absl::string_view text, const std::string& indent) {
  std::string block = "|-";
  if (absl::EndsWith(text, "\n")) {
    block = "|";
    text.remove_suffix(1);
  }
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::StrAppend(&block, "\n", line.empty() ? "" : indent, line);
  }
  return block;
}

std::string Double(double number) {
  if (number != number) return "NaN";
  if (number == HUGE_VAL || number == -HUGE_VAL) return number > 0 ? "Infinity" : "-Infinity";
  for (const int digits : {15, 17}) {
    const std::string text = absl::StrFormat("%.*g", digits, number);
    if (std::stod(text) == number) return text;
  }
  return absl::StrFormat("%.17g", number);
}

std::string Scalar(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool many = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text =
          many ? reflection.GetRepeatedString(message, &field, index) : reflection.GetString(message, &field);
      return field.type() == FieldDescriptor::TYPE_BYTES ? Quoted(absl::Base64Escape(text)) : YamlText(text);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return (many ? reflection.GetRepeatedBool(message, &field, index) : reflection.GetBool(message, &field))
                 ? "true"
                 : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(many ? reflection.GetRepeatedInt32(message, &field, index)
                               : reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(many ? reflection.GetRepeatedInt64(message, &field, index)
                               : reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Double(many ? reflection.GetRepeatedDouble(message, &field, index)
                         : reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      if (field.enum_type()->full_name() == "google.protobuf.NullValue") return "null";
      const int number = many ? reflection.GetRepeatedEnumValue(message, &field, index)
                              : reflection.GetEnumValue(message, &field);
      const auto* const value = field.enum_type()->FindValueByNumber(number);
      return value != nullptr ? value->name() : absl::StrCat(number);
    }
    default:
      return "null";
  }
}

// A time or a duration: as in JSON.
bool IsTime(const Message& message) {
  return message.GetDescriptor()->full_name() == "google.protobuf.Timestamp" ||
         message.GetDescriptor()->full_name() == "google.protobuf.Duration";
}

std::string Time(const Message& message) {
  std::string json;
  google::protobuf::util::MessageToJsonString(message, &json).ok();
  return json;
}

const Message& SubMessage(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.GetRepeatedMessage(message, &field, index)
                             : reflection.GetMessage(message, &field);
}

std::vector<const FieldDescriptor*> FieldsOf(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

bool HasBlock(const Message& message) {
  for (const FieldDescriptor* const field : FieldsOf(message)) {
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (HasBlock(SubMessage(message, *field, i))) return true;
      } else if (field->type() == FieldDescriptor::TYPE_STRING && !field->is_repeated() &&
                 IsBlock(message.GetReflection()->GetString(message, field))) {
        return true;
      }
    }
  }
  return false;
}

// Writes a message's fields as lines; `first` stands before the first of them in place of its indent.
void WriteBlock(const Message& message, const std::string& indent, std::string first, std::string* out);

// What stands behind `name:` or `-`: in the same line where it fits, else in lines of its own.
void WriteValue(const Message& message, const FieldDescriptor& field, int index, const std::string& indent,
                size_t used, std::string* out) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& inner = SubMessage(message, field, index);
    const std::string line = ToYamlLine(inner);
    if (IsTime(inner) || (used + line.size() <= kWidth && !HasBlock(inner))) {
      absl::StrAppend(out, " ", line, "\n");
    } else if (field.is_repeated()) {
      out->pop_back();  // `-`: the first field stands behind it
      WriteBlock(inner, indent, "- ", out);
    } else {
      *out += "\n";
      WriteBlock(inner, indent, indent, out);
    }
    return;
  }
  if (field.type() == FieldDescriptor::TYPE_STRING && !field.is_repeated()) {
    const std::string text = message.GetReflection()->GetString(message, &field);
    if (IsBlock(text)) {
      absl::StrAppend(out, " ", Block(text, indent), "\n");
      return;
    }
  }
  absl::StrAppend(out, " ", Scalar(message, field, index), "\n");
}

void WriteBlock(const Message& message, const std::string& indent, std::string first, std::string* out) {
  const std::string deeper = indent + "  ";
  for (const FieldDescriptor* const field : FieldsOf(message)) {
    absl::StrAppend(out, first, field->name(), ":");
    first = indent;
    const size_t used = indent.size() + field->name().size() + 2;
    if (!field->is_repeated()) {
      WriteValue(message, *field, 0, deeper, used, out);
      continue;
    }
    const bool is_list_of_messages = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const std::string line = ToYamlLine(message, *field, -1);
    if (!is_list_of_messages && used + line.size() <= kWidth) {
      absl::StrAppend(out, " ", line, "\n");
      continue;
    }
    *out += "\n";
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      absl::StrAppend(out, deeper, "-");
      WriteValue(message, *field, i, deeper + "  ", deeper.size() + 2, out);
    }
  }
}

}  // namespace

std::string YamlText(absl::string_view text) {
  if (!IsSpecialScalar(text) && IsPlainWord(text)) return std::string(text);
  const bool has_escapes = absl::StrContains(text, '"') || absl::StrContains(text, '\\');
  if (has_escapes && !absl::StrContains(text, '\'') && !HasHidden(text, false))
    return absl::StrCat("'", text, "'");
  return Quoted(text);
}

std::string ToYamlLine(const Message& message, const FieldDescriptor& field, int index) {
  if (field.is_repeated() && index < 0) {
    std::vector<std::string> items;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i)
      items.push_back(ToYamlLine(message, field, i));
    return absl::StrCat("[", absl::StrJoin(items, ", "), "]");
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
    return ToYamlLine(SubMessage(message, field, index));
  return Scalar(message, field, index);
}

std::string ToYamlLine(const Message& message) {
  if (IsTime(message)) return Time(message);
  std::vector<std::string> parts;
  for (const FieldDescriptor* const field : FieldsOf(message))
    parts.push_back(absl::StrCat(field->name(), ": ", ToYamlLine(message, *field, -1)));
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

std::string ToYaml(const Message& message) {
  std::string out;
  WriteBlock(message, "", "", &out);
  return out;
}

}  // namespace cognate::cli
