#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/map_builder.h"
#include "common/codec/nesting.h"
#include "common/codec/php.h"
#include "common/codec/php_cursor.h"
#include "common/status/status_macros.h"
#include "common/value/parse.h"

namespace cognate::codec {
namespace {

// What is an array, before it is known whether it is a list.
class Array {
 public:
  explicit Array(v1::Value* value) : value_(value) {}

  v1::Value* Add(std::string name) {
    if (!map_.has_value()) {
      if (name == absl::StrCat(list_.values_size())) return list_.add_values();
      TurnIntoMap();
    }
    return map_->Add(std::move(name));
  }
  // Keys may stand twice, so that what looked like a map is a list.
  void Finish() {
    if (!map_.has_value()) {
      *value_->mutable_list_value() = std::move(list_);
    } else if (v1::MapValue* const map = value_->mutable_map_value(); IsList(*map)) {
      v1::ListValue list;
      for (v1::Field& field : *map->mutable_fields()) *list.add_values() = std::move(*field.mutable_value());
      *value_->mutable_list_value() = std::move(list);
    }
  }

 private:
  static bool IsList(const v1::MapValue& map) {
    for (int i = 0; i < map.fields_size(); ++i) {
      if (map.fields(i).name() != absl::StrCat(i)) return false;
    }
    return true;
  }
  void TurnIntoMap() {
    map_.emplace(value_->mutable_map_value());
    for (int i = 0; i < list_.values_size(); ++i)
      *map_->Add(absl::StrCat(i)) = std::move(*list_.mutable_values(i));
  }

  v1::Value* const value_;
  v1::ListValue list_;
  std::optional<MapBuilder> map_;
};

class Reader {
 public:
  explicit Reader(absl::string_view serialized) : cursor_(serialized) {}

  absl::StatusOr<v1::Value> Run() {
    v1::Value value;
    RETURN_IF_ERROR(ReadValue(0, &value));
    if (!cursor_.AtEnd()) return cursor_.Malformed("the end of the text");
    return value;
  }

 private:
  absl::Status ReadValue(int depth, v1::Value* value) {
    if (++values_ > kMaxValues) {
      return absl::InvalidArgumentError(absl::StrCat("NOT_ENCODED: got more than ", kMaxValues,
                                                     " values in one text, want at most as many"));
    }
    switch (cursor_.Peek()) {
      case 'N':
        value->set_null_value(google::protobuf::NULL_VALUE);
        return cursor_.Take('N') && cursor_.Take(';') ? absl::OkStatus() : cursor_.Malformed("\"N;\"");
      case 'b':
        return ReadBool(value);
      case 'i':
        return ReadInteger(value);
      case 'd':
        return ReadDouble(value);
      case 's':
        return ReadString(value);
      case 'a':
        return depth >= kMaxNesting ? cursor_.TooDeep() : ReadArray(depth + 1, value);
      default:
        break;
    }
    if (cursor_.AtObject()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "HAS_OBJECTS: got an object or a reference (`", std::string(1, cursor_.Peek()), ":`) at byte ",
          cursor_.at(), ", want scalars and arrays alone; what only its own class can read stays a text"));
    }
    return cursor_.Malformed("a value (one of N b i d s a)");
  }

  absl::Status ReadBool(v1::Value* value) {
    bool truth;
    if (!cursor_.TakeBool(&truth)) return cursor_.Malformed("b:0; or b:1;");
    value->set_bool_value(truth);
    return absl::OkStatus();
  }

  absl::Status ReadInteger(v1::Value* value) {
    int64_t number;
    if (!cursor_.TakeType('i') || !cursor_.TakeInteger(';', &number))
      return cursor_.Malformed("an integer of 64 bits");
    value->set_int64_value(number);
    return absl::OkStatus();
  }

  absl::Status ReadDouble(v1::Value* value) {
    double number;
    if (!cursor_.TakeType('d') || !cursor_.TakeDouble(';', &number)) {
      return cursor_.Malformed("a number such as d:0.5;");
    }
    value->set_double_value(number);
    return absl::OkStatus();
  }

  absl::Status ReadString(v1::Value* value) {
    const PhpCursor begin = cursor_;
    absl::string_view content;
    if (!cursor_.TakeType('s') || !cursor_.TakeQuoted(&content) || !cursor_.Take(';')) {
      return begin.Malformed("a string as long as it says, such as s:5:\"hello\";");
    }
    if (value::CharacterCount(content).has_value()) {
      value->set_text_value(content.data(), content.size());
    } else {
      value->set_bytes_value(content.data(), content.size());
    }
    return absl::OkStatus();
  }

  absl::Status ReadArray(int depth, v1::Value* value) {
    size_t count;
    if (!cursor_.TakeType('a') || !cursor_.TakeCount(':', &count) || !cursor_.Take('{')) {
      return cursor_.Malformed("an array such as a:1:{i:0;N;}");
    }
    Array array(value);
    for (size_t i = 0; i < count; ++i) {
      std::string name;
      RETURN_IF_ERROR(ReadName(&name));
      RETURN_IF_ERROR(ReadValue(depth, array.Add(std::move(name))));
    }
    array.Finish();
    return cursor_.Take('}') ? absl::OkStatus()
                             : cursor_.Malformed("\"}\" after as many values as the array says");
  }

  absl::Status ReadName(std::string* name) {
    const PhpCursor begin = cursor_;
    int64_t number;
    absl::string_view content;
    const bool is_integer = cursor_.TakeType('i');
    if (is_integer && cursor_.TakeInteger(';', &number)) {
      *name = absl::StrCat(number);
      return absl::OkStatus();
    }
    if (is_integer || !cursor_.TakeType('s') || !cursor_.TakeQuoted(&content) || !cursor_.Take(';') ||
        !value::CharacterCount(content).has_value()) {
      return begin.Malformed("a key: an integer, or a string in UTF-8 without NUL characters");
    }
    *name = std::string(content);
    return absl::OkStatus();
  }

  PhpCursor cursor_;
  int values_ = 0;
};

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<v1::Value> ReadPhp(absl::string_view serialized) { return Reader(serialized).Run(); }

bool LooksLikePhp(absl::string_view text) {
  static constexpr size_t kLongestNumber = 40;
  if (text == "N;") return true;
  if (text.size() < 4 || text[1] != ':') return false;
  if (text[0] == 'b') return text == "b:0;" || text == "b:1;";
  if (text[0] == 'i' || text[0] == 'd') {
    if (text.size() > kLongestNumber || text.back() != ';') return false;
    const absl::string_view word = text.substr(2, text.size() - 3);
    double number;
    return text[0] == 'd' ? ParsePhpDouble(word, &number)
                          : IsDigits(word.substr(word[0] == '-' || word[0] == '+' ? 1 : 0));
  }
  const size_t colon = text.substr(0, 24).find(':', 2);
  if (colon == absl::string_view::npos || colon + 1 >= text.size()) return false;
  const absl::string_view count = text.substr(2, colon - 2);
  const char open = text[colon + 1];
  uint64_t size;
  if (!IsDigits(count)) return false;
  switch (text[0]) {
    case 's':
      return open == '"' && absl::SimpleAtoi(count, &size) && size + colon + 4 == text.size() &&
             text.substr(text.size() - 2) == "\";";
    case 'a':
      return open == '{' && text.back() == '}';
    case 'O':
    case 'C':
      return open == '"' && text.back() == '}';
    case 'E':
      return open == '"' && text.back() == ';';
    default:
      return false;
  }
}

}  // namespace cognate::codec
