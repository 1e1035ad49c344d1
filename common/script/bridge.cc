#include "common/script/bridge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/interpreter.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::script {
namespace {

constexpr int kMaxNesting = 64;
// What a value, a name or an element takes beside its own bytes.
constexpr size_t kBytesOfAValue = 64;

void PushNested(lua_State* lua, const v1::Value& value, int depth);

void PushList(lua_State* lua, const v1::ListValue& list, int depth) {
  lua_createtable(lua, list.values_size(), 0);
  lua_Integer place = 0;
  for (const v1::Value& element : list.values()) {
    PushNested(lua, element, depth);
    lua_rawseti(lua, -2, ++place);
  }
}

void PushMap(lua_State* lua, const v1::MapValue& map, int depth) {
  lua_createtable(lua, 0, map.fields_size());
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kMapKey);
  lua_setmetatable(lua, -2);
  for (const v1::Field& field : map.fields()) {
    lua_pushlstring(lua, field.name().data(), field.name().size());
    PushNested(lua, field.value(), depth);
    lua_rawset(lua, -3);
  }
}

void PushTimestamp(lua_State* lua, const google::protobuf::Timestamp& timestamp) {
  constexpr int64_t kMostSeconds = 9'000'000'000'000;  // whose microseconds are an int64
  if (timestamp.seconds() < -kMostSeconds || timestamp.seconds() > kMostSeconds) {
    Interpreter::Of(lua).Fail(
        "got a timestamp beyond the year 287,000, want one that microseconds since 1970 can say");
  }
  PushBox(lua, BoxKind::kTimestamp, {}, value::MicrosOf(timestamp));
}

void PushReference(lua_State* lua, const v1::Reference& reference) {
  std::string& text = Interpreter::Of(lua).text();
  reference.SerializeToString(&text);
  PushBox(lua, BoxKind::kReference, text);
}

void PushNested(lua_State* lua, const v1::Value& value, int depth) {
  if (depth > kMaxNesting)
    Interpreter::Of(lua).Fail("got a value that is nested deeper than 64, want a flatter one");
  luaL_checkstack(lua, 8, "nested values");
  Interpreter::Of(lua).meter().Tick(lua);
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
      return PushNull(lua);
    case v1::Value::kBoolValue:
      return lua_pushboolean(lua, value.bool_value());
    case v1::Value::kInt64Value:
      return lua_pushinteger(lua, value.int64_value());
    case v1::Value::kDoubleValue:
      return lua_pushnumber(lua, value.double_value());
    case v1::Value::kDecimalValue:
      return PushBox(lua, BoxKind::kDecimal, value.decimal_value());
    case v1::Value::kTextValue:
      lua_pushlstring(lua, value.text_value().data(), value.text_value().size());
      return;
    case v1::Value::kBytesValue:
      return PushBox(lua, BoxKind::kBytes, value.bytes_value());
    case v1::Value::kTimestampValue:
      return PushTimestamp(lua, value.timestamp_value());
    case v1::Value::kDateValue:
      return PushBox(lua, BoxKind::kDate, value.date_value());
    case v1::Value::kListValue:
      return PushList(lua, value.list_value(), depth + 1);
    case v1::Value::kMapValue:
      return PushMap(lua, value.map_value(), depth + 1);
    case v1::Value::kReferenceValue:
      return PushReference(lua, value.reference_value());
    case v1::Value::kOmittedValue:
      Interpreter::Of(lua).Fail(
          "got a value that was left out of the record because it is too large, want a smaller one");
    case v1::Value::kEncodedValue:
      Interpreter::Of(lua).Fail(
          "got a text with references in it, which is made behind the chain; read it before encode");
    case v1::Value::kFileValue:
      Interpreter::Of(lua).Fail("got a file, which no script can look into; leave the field to its mapping");
    case v1::Value::KIND_NOT_SET:
      Interpreter::Of(lua).Fail("got a value without a kind, want one of the kinds of values");
  }
}

// Turns Lua values into values of records; raises nothing.
class Taker {
 public:
  explicit Taker(lua_State* lua) : lua_(lua), interpreter_(Interpreter::Of(lua)) {}

  bool Take(int index, int depth, v1::Value* out) {
    if (depth > kMaxNesting)
      return Refuse(
          "got a table that is nested deeper than 64 (does it contain itself?), want a flatter one");
    if (!Count(0)) return false;
    switch (lua_type(lua_, index)) {
      case LUA_TBOOLEAN:
        out->set_bool_value(lua_toboolean(lua_, index) != 0);
        return true;
      case LUA_TNUMBER:
        TakeNumber(index, out);
        return true;
      case LUA_TSTRING:
        return TakeText(index, out->mutable_text_value());
      case LUA_TUSERDATA:
        return TakeBox(*ToBox(lua_, index), out);
      case LUA_TTABLE:
        return TakeTable(index, depth, out);
      default:
        return Refuse(absl::StrCat("got a ", TypeName(lua_, index), ", want a value that a record can hold"));
    }
  }

 private:
  bool Refuse(std::string why) {
    interpreter_.text() = std::move(why);
    return false;
  }

  bool Count(size_t bytes) {
    Meter& meter = interpreter_.meter();
    if (!meter.HasRoomToWrite(bytes + kBytesOfAValue)) {
      return Refuse(absl::StrCat("got values of more than ", meter.limits().memory_bytes,
                                 " bytes that are written, want less in one run"));
    }
    meter.CountWritten(bytes + kBytesOfAValue);
    return true;
  }

  void TakeNumber(int index, v1::Value* out) {
    if (lua_isinteger(lua_, index) != 0) {
      out->set_int64_value(lua_tointegerx(lua_, index, nullptr));
    } else {
      out->set_double_value(lua_tonumberx(lua_, index, nullptr));
    }
  }

  bool TakeText(int index, std::string* out) {
    size_t size = 0;
    const char* const text = lua_tolstring(lua_, index, &size);  // it is a string: nothing is made
    if (!Count(size)) return false;
    if (!value::CharacterCount({text, size}).has_value()) {
      return Refuse(
          "got a string that is not UTF-8 or holds a NUL, want UTF-8 text; bytes(…) holds any bytes");
    }
    out->assign(text, size);
    return true;
  }

  bool TakeBox(const Box& box, v1::Value* out) {
    if (!Count(box.size)) return false;
    const absl::string_view text = box.text();
    switch (box.kind) {
      case BoxKind::kNull:
        out->set_null_value(google::protobuf::NULL_VALUE);
        return true;
      case BoxKind::kDecimal:
        out->set_decimal_value(text.data(), text.size());
        return true;
      case BoxKind::kTimestamp:
        value::SetMicros(box.micros, out->mutable_timestamp_value());
        return true;
      case BoxKind::kDate:
        out->set_date_value(text.data(), text.size());
        return true;
      case BoxKind::kBytes:
        out->set_bytes_value(text.data(), text.size());
        return true;
      case BoxKind::kReference:
        return out->mutable_reference_value()->ParseFromArray(text.data(), static_cast<int>(text.size()));
      default:
        return Refuse(
            absl::StrCat("got ", BoxName(box.kind), " itself, want a value that a record can hold"));
    }
  }

  // Counts the keys; false if they are neither those of a list nor those of a map.
  bool LookAtKeys(int index, size_t* texts) {
    size_t integers = 0;
    const auto length = static_cast<lua_Integer>(lua_rawlen(lua_, index));
    lua_pushnil(lua_);
    while (lua_next(lua_, index) != 0) {
      lua_pop(lua_, 1);
      if (lua_type(lua_, -1) == LUA_TSTRING) {
        ++*texts;
      } else if (lua_isinteger(lua_, -1) != 0 && lua_tointegerx(lua_, -1, nullptr) >= 1 &&
                 lua_tointegerx(lua_, -1, nullptr) <= length) {
        ++integers;
      } else {
        return Refuse(absl::StrCat(
            "got a table with a ", TypeName(lua_, -1),
            " as a key that is no place of a list, want places 1, 2, 3, … without a hole (null fills one), "
            "or texts alone"));
      }
    }
    if (integers > 0 && *texts > 0)
      return Refuse("got a table with places and texts as keys, want a list or a map");
    if (integers != static_cast<size_t>(length))
      return Refuse("got a list with a hole, want null in its place");
    return true;
  }

  bool TakeTable(int index, int depth, v1::Value* out) {
    index = lua_absindex(lua_, index);
    if (lua_checkstack(lua_, 8) == 0)
      return Refuse("got a nested table for which there is no memory, want a flatter one");
    size_t texts = 0;
    if (!LookAtKeys(index, &texts)) return false;
    const bool is_map = texts > 0 || (lua_rawlen(lua_, index) == 0 && IsMap(lua_, index));
    return is_map ? TakeMap(index, depth, out->mutable_map_value())
                  : TakeList(index, depth, out->mutable_list_value());
  }

  bool TakeList(int index, int depth, v1::ListValue* out) {
    const auto length = static_cast<lua_Integer>(lua_rawlen(lua_, index));
    for (lua_Integer place = 1; place <= length; ++place) {
      lua_rawgeti(lua_, index, place);
      if (!Take(lua_absindex(lua_, -1), depth + 1, out->add_values())) return false;
      lua_pop(lua_, 1);
    }
    return true;
  }

  bool TakeMap(int index, int depth, v1::MapValue* out) {
    lua_pushnil(lua_);
    while (lua_next(lua_, index) != 0) {
      v1::Field* const field = out->add_fields();
      if (!TakeText(-2, field->mutable_name())) return false;
      if (!Take(lua_absindex(lua_, -1), depth + 1, field->mutable_value())) return false;
      lua_pop(lua_, 1);
    }
    // Lua's own order is another one in every process.
    std::sort(out->mutable_fields()->pointer_begin(), out->mutable_fields()->pointer_end(),
              [](const v1::Field* a, const v1::Field* b) { return a->name() < b->name(); });
    return true;
  }

  lua_State* const lua_;
  Interpreter& interpreter_;
};

}  // namespace

void PushValue(lua_State* lua, const v1::Value& value) { PushNested(lua, value, 0); }

bool TakeValue(lua_State* lua, int index, v1::Value* value) {
  const int top = lua_gettop(lua);
  const bool is_taken = Taker(lua).Take(lua_absindex(lua, index), 0, value);
  lua_settop(lua, top);
  return is_taken;
}

bool IsMap(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return false;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kMapKey);
  const bool is_map = lua_rawequal(lua, -1, -2) != 0;
  lua_pop(lua, 2);
  return is_map;
}

int MakeMap(lua_State* lua) {
  if (lua_gettop(lua) == 0) lua_newtable(lua);
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kMapKey);
  lua_setmetatable(lua, 1);
  return 1;
}

void OpenMaps(lua_State* lua) {
  lua_newtable(lua);
  lua_rawseti(lua, LUA_REGISTRYINDEX, kMapKey);
}

}  // namespace cognate::script
