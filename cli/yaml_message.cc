#include "cli/yaml_message.h"

#include <algorithm>
#include <cmath>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Kind = YamlNode::Kind;

std::string Shown(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    default:
      return absl::StrCat("\"", node.text.substr(0, 60), node.text.size() > 60 ? "…" : "", "\"");
  }
}

bool IsPlain(const YamlNode& node) { return node.kind == Kind::kScalar && !node.is_quoted; }

// By YAML 1.2's core schema.
bool IsNumber(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "-")) absl::ConsumePrefix(&text, "+");
  if (absl::EqualsIgnoreCase(text, ".inf") || absl::EqualsIgnoreCase(text, ".nan")) return true;
  if (absl::StartsWith(text, "0x") || absl::StartsWith(text, "0o")) return text.size() > 2;
  if (text.find_first_of("0123456789") > 1 || text.find_first_not_of("0123456789.eE+-") != text.npos)
    return false;
  double unused = 0;
  return absl::SimpleAtod(text, &unused);
}

class Reader {
 public:
  explicit Reader(absl::string_view file) : file_(file) {}

  absl::Status Read(const YamlNode& node, const std::string& path, Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    if (type.full_name() == "google.protobuf.Timestamp") return ReadTime(node, path, message);
    if (type.full_name() == "google.protobuf.Duration") return ReadDuration(node, path, message);
    if (node.kind != Kind::kMap)
      return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want a map of ", FieldsOf(type)));
    for (const YamlNode::Entry& entry : node.entries) {
      const FieldDescriptor* const field = type.FindFieldByName(entry.key);
      const std::string below = path.empty() ? entry.key : absl::StrCat(path, ".", entry.key);
      if (field == nullptr) {
        return WrongInFile(file_, entry.line, entry.column,
                           absl::StrCat(below, ": got \"", entry.key, "\", want one of ", FieldsOf(type)));
      }
      RETURN_IF_ERROR(ReadField(entry, *field, below, message));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Wrong(const YamlNode& node, const std::string& path, const std::string& what) const {
    return WrongInFile(file_, node.line, node.column, path.empty() ? what : absl::StrCat(path, ": ", what));
  }

  static std::string FieldsOf(const Descriptor& type) {
    std::vector<absl::string_view> names;
    for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
    return absl::StrJoin(names, ", ");
  }

  static bool IsNullEnum(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM &&
           field.enum_type()->full_name() == "google.protobuf.NullValue";
  }

  absl::Status ReadField(const YamlNode::Entry& entry, const FieldDescriptor& field, const std::string& path,
                         Message* message) {
    // As in JSON: a field that is null is left out.
    if (entry.value.kind == Kind::kNull && !IsNullEnum(field)) return absl::OkStatus();
    const Reflection& reflection = *message->GetReflection();
    if (const auto* const oneof = field.real_containing_oneof();
        oneof != nullptr && reflection.HasOneof(*message, oneof)) {
      return WrongInFile(
          file_, entry.line, entry.column,
          absl::StrCat(path, ": got ", field.name(), " beside ",
                       reflection.GetOneofFieldDescriptor(*message, oneof)->name(), ", want one of the two"));
    }
    if (!field.is_repeated()) return ReadValue(entry.value, field, path, message);
    if (entry.value.kind != Kind::kList)
      return Wrong(entry.value, path, absl::StrCat("got ", Shown(entry.value), ", want a list"));
    for (size_t i = 0; i < entry.value.items.size(); ++i) {
      RETURN_IF_ERROR(ReadValue(entry.value.items[i], field, absl::StrCat(path, "[", i, "]"), message));
    }
    return absl::OkStatus();
  }

  // Sets or adds one value.
  absl::Status ReadValue(const YamlNode& node, const FieldDescriptor& field, const std::string& path,
                         Message* message) {
    const Reflection& reflection = *message->GetReflection();
    const auto set = [&](auto setter, auto adder, auto&& value) {
      if (field.is_repeated()) {
        (reflection.*adder)(message, &field, value);
      } else {
        (reflection.*setter)(message, &field, value);
      }
      return absl::OkStatus();
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Read(node, path,
                    field.is_repeated() ? reflection.AddMessage(message, &field)
                                        : reflection.MutableMessage(message, &field));
      case FieldDescriptor::CPPTYPE_STRING: {
        ASSIGN_OR_RETURN(std::string text,
                         field.type() == FieldDescriptor::TYPE_BYTES ? Bytes(node, path) : Text(node, path));
        return set(&Reflection::SetString, &Reflection::AddString, std::move(text));
      }
      case FieldDescriptor::CPPTYPE_BOOL: {
        ASSIGN_OR_RETURN(const bool value, Bool(node, path));
        return set(&Reflection::SetBool, &Reflection::AddBool, value);
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        ASSIGN_OR_RETURN(const int32_t value, Integer<int32_t>(node, path));
        return set(&Reflection::SetInt32, &Reflection::AddInt32, value);
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        ASSIGN_OR_RETURN(const int64_t value, Integer<int64_t>(node, path));
        return set(&Reflection::SetInt64, &Reflection::AddInt64, value);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        ASSIGN_OR_RETURN(const double value, Double(node, path));
        return set(&Reflection::SetDouble, &Reflection::AddDouble, value);
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        ASSIGN_OR_RETURN(const int value, Enum(node, field, path));
        return set(&Reflection::SetEnumValue, &Reflection::AddEnumValue, value);
      }
      default:
        return Wrong(node, path, "got a field of a type that no file can say");
    }
  }

  absl::StatusOr<std::string> Text(const YamlNode& node, const std::string& path) const {
    if (node.kind == Kind::kScalar &&
        (node.is_quoted || (!IsNumber(node.text) && node.text != "true" && node.text != "false"))) {
      return node.text;
    }
    const bool is_scalar = node.kind == Kind::kScalar;
    return Wrong(node, path,
                 absl::StrCat("got ", is_scalar ? node.text.substr(0, 60) : Shown(node), ", want a text",
                              is_scalar ? "; put it into quotes if it is one" : ""));
  }

  absl::StatusOr<std::string> Bytes(const YamlNode& node, const std::string& path) const {
    std::string bytes;
    if (node.kind == Kind::kScalar && absl::Base64Unescape(node.text, &bytes)) return bytes;
    return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want bytes in base64"));
  }

  absl::StatusOr<bool> Bool(const YamlNode& node, const std::string& path) const {
    if (IsPlain(node) && node.text == "true") return true;
    if (IsPlain(node) && node.text == "false") return false;
    return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want true or false"));
  }

  template <typename Number>
  absl::StatusOr<Number> Integer(const YamlNode& node, const std::string& path) const {
    Number number = 0;
    // In quotes, too: JSON's numbers do not keep 64 bits.
    if (node.kind == Kind::kScalar && absl::SimpleAtoi(node.text, &number)) return number;
    return Wrong(node, path,
                 absl::StrCat("got ", Shown(node), ", want an integer of ", sizeof(Number) * 8, " bits"));
  }

  absl::StatusOr<double> Double(const YamlNode& node, const std::string& path) const {
    double number = 0;
    if (node.kind == Kind::kScalar) {
      if (node.text == "NaN") return std::nan("");
      if (node.text == "Infinity") return HUGE_VAL;
      if (node.text == "-Infinity") return -HUGE_VAL;
      if (IsNumber(node.text) && absl::SimpleAtod(node.text, &number) && std::isfinite(number)) return number;
    }
    return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want a number"));
  }

  absl::StatusOr<int> Enum(const YamlNode& node, const FieldDescriptor& field,
                           const std::string& path) const {
    const EnumDescriptor& type = *field.enum_type();
    if (IsNullEnum(field) && node.kind == Kind::kNull) return 0;
    const auto* const value = node.kind == Kind::kScalar ? type.FindValueByName(node.text) : nullptr;
    if (value != nullptr) return value->number();
    std::vector<absl::string_view> names;
    for (int i = 0; i < type.value_count(); ++i) {
      if (!absl::EndsWith(type.value(i)->name(), "_UNSPECIFIED")) names.emplace_back(type.value(i)->name());
    }
    return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want one of ", absl::StrJoin(names, ", ")));
  }

  absl::Status ReadTime(const YamlNode& node, const std::string& path, Message* message) const {
    if (node.kind == Kind::kScalar && node.text.find_first_of("\"\\") == std::string::npos &&
        google::protobuf::util::JsonStringToMessage(absl::StrCat("\"", node.text, "\""), message).ok()) {
      return absl::OkStatus();
    }
    return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want a time such as 2026-02-28T13:45:00Z"));
  }

  // As in JSON, and with other units: 90s, 1.5s, 5m, 1h30m.
  absl::Status ReadDuration(const YamlNode& node, const std::string& path, Message* message) const {
    absl::Duration duration;
    if (node.kind != Kind::kScalar || !absl::ParseDuration(node.text, &duration) ||
        absl::AbsDuration(duration) == absl::InfiniteDuration())
      return Wrong(node, path, absl::StrCat("got ", Shown(node), ", want a duration such as 90s or 5m"));
    google::protobuf::Duration& read =
        *google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(message);
    read.set_seconds(absl::ToInt64Seconds(duration));
    read.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration % absl::Seconds(1))));
    return absl::OkStatus();
  }

  const absl::string_view file_;
};

}  // namespace

absl::Status ToMessage(const YamlNode& node, absl::string_view file, Message* message) {
  return Reader(file).Read(node, "", message);
}

const YamlNode* FindPath(const YamlNode& root, absl::string_view path) {
  const YamlNode* node = &root;
  while (!path.empty()) {
    const YamlNode* next = nullptr;
    if (absl::ConsumePrefix(&path, "[")) {
      const size_t end = path.find(']');
      size_t place = 0;
      if (end == absl::string_view::npos || !absl::SimpleAtoi(path.substr(0, end), &place)) return node;
      path.remove_prefix(end + 1);
      if (place < node->items.size()) next = &node->items[place];
    } else {
      absl::ConsumePrefix(&path, ".");
      const size_t end = std::min(path.find_first_of(".["), path.size());
      next = node->Find(path.substr(0, end));
      path.remove_prefix(end);
    }
    if (next == nullptr) return node;
    node = next;
  }
  return node;
}

bool IsSpecialScalar(absl::string_view text) {
  if (text.empty() || IsNumber(text)) return true;
  static constexpr absl::string_view kWords[] = {"true", "false", "yes",  "no", "on",  "off",
                                                 "y",    "n",     "null", "~",  "nan", "inf"};
  const std::string lower = absl::AsciiStrToLower(text);
  for (const absl::string_view word : kWords) {
    if (lower == word) return true;
  }
  return absl::ascii_isdigit(static_cast<unsigned char>(text[0]));
}

}  // namespace cognate::cli
