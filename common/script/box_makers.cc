// decimal(), timestamp(), date(), bytes() and ref().
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/script/box_operators.h"
#include "common/script/interpreter.h"
#include "common/value/canonical_text.h"
#include "common/value/local_id.h"
#include "common/value/parse.h"

namespace cognate::script {
namespace {

constexpr int64_t kMicros = 1'000'000;
// Years 1 to 9999, as google.protobuf.Timestamp.
constexpr int64_t kFirstSecond = -62'135'596'800, kLastSecond = 253'402'300'799;

// Describes the argument for an error; what it points to lives until the next call.
void SayWrongArgument(lua_State* lua, const char* function, const char* want) {
  std::string& text = Interpreter::Of(lua).text();
  text = absl::StrCat(function, ": got ", TypeName(lua, 1));
  if (lua_type(lua, 1) == LUA_TSTRING) {
    size_t size = 0;
    const char* const given = lua_tolstring(lua, 1, &size);
    absl::StrAppend(&text, " \"", absl::string_view(given, std::min<size_t>(size, 60)), size > 60 ? "…" : "",
                    "\"");
  }
  absl::StrAppend(&text, ", want ", want);
}

[[noreturn]] void FailWrongArgument(lua_State* lua, const char* function, const char* want) {
  SayWrongArgument(lua, function, want);
  Interpreter::Of(lua).FailWithText();
}

int MakeDecimal(lua_State* lua) {
  constexpr char kWant[] = "an integer, a float or a text such as \"12.50\"";
  if (ToBox(lua, 1, BoxKind::kDecimal) != nullptr) return lua_settop(lua, 1), 1;
  std::string& text = Interpreter::Of(lua).text();
  if (lua_type(lua, 1) == LUA_TNUMBER) {
    text.clear();
    if (lua_isinteger(lua, 1) != 0) {
      absl::StrAppend(&text, static_cast<int64_t>(lua_tointegerx(lua, 1, nullptr)));
    } else {
      value::AppendDouble(lua_tonumberx(lua, 1, nullptr), &text);
    }
    PushBox(lua, BoxKind::kDecimal, text);
    return 1;
  }
  size_t size = 0;
  const char* const given = lua_type(lua, 1) == LUA_TSTRING ? lua_tolstring(lua, 1, &size) : nullptr;
  if (given == nullptr || !value::IsDecimal({given, size})) FailWrongArgument(lua, "decimal", kWant);
  PushBox(lua, BoxKind::kDecimal, {given, size});
  return 1;
}

// Microseconds of the first argument; nullopt if it says no time of the years 1 to 9999.
std::optional<int64_t> MicrosOfArgument(lua_State* lua) {
  if (const Box* const box = ToBox(lua, 1); box != nullptr) {
    if (box->kind == BoxKind::kTimestamp) return box->micros;
    return box->kind == BoxKind::kDate ? value::ParseDate(box->text()) : std::nullopt;
  }
  if (lua_isinteger(lua, 1) != 0) {
    const int64_t seconds = lua_tointegerx(lua, 1, nullptr);
    if (seconds < kFirstSecond || seconds > kLastSecond) return std::nullopt;
    return seconds * kMicros;
  }
  if (lua_type(lua, 1) == LUA_TNUMBER) {
    const double seconds = lua_tonumberx(lua, 1, nullptr);
    if (!(seconds >= kFirstSecond && seconds <= kLastSecond)) return std::nullopt;
    return std::llround(seconds * kMicros);
  }
  if (lua_type(lua, 1) != LUA_TSTRING) return std::nullopt;
  size_t size = 0;
  const char* const text = lua_tolstring(lua, 1, &size);
  if (const auto day = value::ParseDate({text, size}); day.has_value()) return day;
  return value::ParseTimestamp({text, size});
}

int MakeTimestamp(lua_State* lua) {
  const std::optional<int64_t> micros = MicrosOfArgument(lua);
  if (!micros.has_value() || *micros < kFirstSecond * kMicros || *micros >= (kLastSecond + 1) * kMicros) {
    FailWrongArgument(
        lua, "timestamp",
        "seconds since 1970 or a text such as \"2026-02-28T12:34:56Z\", of the years 1 to 9999");
  }
  PushBox(lua, BoxKind::kTimestamp, {}, *micros);
  return 1;
}

void SayDay(int64_t micros, std::string* out) {
  const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixMicros(micros), absl::UTCTimeZone());
  *out = absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

int MakeDate(lua_State* lua) {
  if (ToBox(lua, 1, BoxKind::kDate) != nullptr) return lua_settop(lua, 1), 1;
  if (const Box* const timestamp = ToBox(lua, 1, BoxKind::kTimestamp); timestamp != nullptr) {
    std::string& text = Interpreter::Of(lua).text();
    SayDay(timestamp->micros, &text);
    PushBox(lua, BoxKind::kDate, text);
    return 1;
  }
  size_t size = 0;
  const char* const text = lua_type(lua, 1) == LUA_TSTRING ? lua_tolstring(lua, 1, &size) : nullptr;
  if (text == nullptr || !value::IsDate({text, size})) {
    FailWrongArgument(lua, "date", "a timestamp or a text such as \"2026-02-28\", a day that exists");
  }
  PushBox(lua, BoxKind::kDate, {text, size});
  return 1;
}

int MakeBytes(lua_State* lua) {
  if (ToBox(lua, 1, BoxKind::kBytes) != nullptr) return lua_settop(lua, 1), 1;
  size_t size = 0;
  const char* const text = lua_type(lua, 1) == LUA_TSTRING ? lua_tolstring(lua, 1, &size) : nullptr;
  if (text == nullptr) FailWrongArgument(lua, "bytes", "a string, of which every byte is taken as it is");
  PushBox(lua, BoxKind::kBytes, {text, size});
  return 1;
}

// True, and the reference is in Interpreter::reference(); else why not is in text().
bool ReadReference(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  v1::Reference& reference = interpreter.reference();
  reference.Clear();
  size_t size = 0;
  const char* const model = lua_type(lua, 1) == LUA_TSTRING ? lua_tolstring(lua, 1, &size) : "";
  const absl::string_view model_name(model, size);
  if (model_name.empty() || !value::CharacterCount(model_name).has_value()) {
    interpreter.text() = absl::StrCat("ref: got ", TypeName(lua, 1), " as the model, want a model's name");
    return false;
  }
  reference.set_source_model(model, size);
  std::string& id = *reference.mutable_source_local_id();
  if (lua_isinteger(lua, 2) != 0) {
    id = absl::StrCat(static_cast<int64_t>(lua_tointegerx(lua, 2, nullptr)));
  } else if (lua_type(lua, 2) == LUA_TSTRING) {
    const char* const text = lua_tolstring(lua, 2, &size);
    id.assign(text, size);
  } else if (const Box* const decimal = ToBox(lua, 2, BoxKind::kDecimal); decimal != nullptr) {
    AppendBoxText(*decimal, &id);
  }
  if (!id.empty() && id.size() <= value::kMaxLocalIdBytes && value::CharacterCount(id).has_value())
    return true;
  interpreter.text() = absl::StrCat(
      "ref: got ", TypeName(lua, 2), " as the id", id.empty() ? "" : absl::StrCat(" (", id.size(), " bytes)"),
      ", want an integer or a text of 1 to ", value::kMaxLocalIdBytes, " bytes");
  return false;
}

int MakeReference(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  if (!ReadReference(lua)) interpreter.FailWithText();
  interpreter.reference().SerializeToString(&interpreter.text());
  PushBox(lua, BoxKind::kReference, interpreter.text());
  return 1;
}

}  // namespace

void OpenMakers(lua_State* lua) {
  constexpr luaL_Reg kMakers[] = {{"decimal", MakeDecimal}, {"timestamp", MakeTimestamp}, {"date", MakeDate},
                                  {"bytes", MakeBytes},     {"ref", MakeReference},       {nullptr, nullptr}};
  luaL_setfuncs(lua, kMakers, 0);
}

}  // namespace cognate::script
