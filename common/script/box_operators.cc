#include "common/script/box_operators.h"

#include <cstdint>
#include <utility>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/condition/number.h"
#include "common/script/interpreter.h"
#include "common/value/parse.h"

namespace cognate::script {
namespace {

using condition::Order;

constexpr int64_t kMicros = 1'000'000;

bool IsSameReference(const Box& a, const Box& b) {
  if (a.text() == b.text()) return true;
  v1::Reference left, right;
  left.ParseFromArray(a.text().data(), static_cast<int>(a.size));
  right.ParseFromArray(b.text().data(), static_cast<int>(b.size));
  return left.source_model() == right.source_model() && left.source_local_id() == right.source_local_id();
}

Order CompareSameKind(const Box& a, const Box& b) {
  switch (a.kind) {
    case BoxKind::kDecimal:
      return condition::CompareDecimals(a.text(), b.text());
    case BoxKind::kTimestamp:
      return condition::OrderOf(a.micros, b.micros);
    case BoxKind::kDate:
    case BoxKind::kBytes:
      return condition::OrderOf(a.text(), b.text());
    case BoxKind::kReference:
      return IsSameReference(a, b) ? Order::kEqual : Order::kNone;
    default:
      return &a == &b ? Order::kEqual : Order::kNone;
  }
}

Order CompareWithNumber(lua_State* lua, const Box& decimal, int number) {
  if (lua_isinteger(lua, number) != 0) {
    return condition::Reversed(
        condition::CompareIntegerWithDecimal(lua_tointegerx(lua, number, nullptr), decimal.text()));
  }
  return condition::Reversed(
      condition::CompareDoubleWithDecimal(lua_tonumberx(lua, number, nullptr), decimal.text()));
}

Order CompareArguments(lua_State* lua) {
  const Box* const a = ToBox(lua, 1);
  const Box* const b = ToBox(lua, 2);
  if (a != nullptr && b != nullptr && a->kind == b->kind) return CompareSameKind(*a, *b);
  if (a != nullptr && a->kind == BoxKind::kDecimal && lua_type(lua, 2) == LUA_TNUMBER) {
    return CompareWithNumber(lua, *a, 2);
  }
  if (b != nullptr && b->kind == BoxKind::kDecimal && lua_type(lua, 1) == LUA_TNUMBER) {
    return condition::Reversed(CompareWithNumber(lua, *b, 1));
  }
  return Order::kNone;
}

Order CompareOrFail(lua_State* lua) {
  Interpreter::Of(lua).meter().Tick(lua);
  const Order order = CompareArguments(lua);
  if (order == Order::kNone) {
    Interpreter::Of(lua).Fail({"got a comparison of a ", TypeName(lua, 1), " with a ", TypeName(lua, 2),
                               ", want two of the same kind"});
  }
  return order;
}

int IsEqual(lua_State* lua) {
  Interpreter::Of(lua).meter().Tick(lua);
  const Box* const a = ToBox(lua, 1);
  const Box* const b = ToBox(lua, 2);
  lua_pushboolean(lua, a->kind == b->kind && CompareSameKind(*a, *b) == Order::kEqual);
  return 1;
}

int IsLess(lua_State* lua) {
  lua_pushboolean(lua, CompareOrFail(lua) == Order::kLess);
  return 1;
}

int IsLessOrEqual(lua_State* lua) {
  lua_pushboolean(lua, CompareOrFail(lua) != Order::kGreater);
  return 1;
}

int Join(lua_State* lua) {
  for (const int index : {1, 2}) {
    if (lua_type(lua, index) == LUA_TSTRING || lua_type(lua, index) == LUA_TNUMBER) continue;
    const Box* const box = ToBox(lua, index);
    if (box == nullptr || box->kind == BoxKind::kNull) {
      Interpreter::Of(lua).Fail(
          {"got a ", TypeName(lua, index), " to be joined to a text, want a text or a number"});
    }
  }
  PushText(lua, 1);
  PushText(lua, 2);
  lua_concat(lua, 2);
  return 1;
}

// Pushes a part of the time and gives true; the parts are those of UTC.
bool PushTimePart(lua_State* lua, absl::Time time, absl::string_view part) {
  const absl::CivilSecond civil = absl::ToCivilSecond(time, absl::UTCTimeZone());
  const std::pair<absl::string_view, int64_t> parts[] = {
      {"year", civil.year()},
      {"month", civil.month()},
      {"day", civil.day()},
      {"hour", civil.hour()},
      {"minute", civil.minute()},
      {"second", civil.second()},
      {"seconds", absl::ToUnixSeconds(time)},
      {"microseconds", absl::ToUnixMicros(time) - absl::ToUnixSeconds(time) * kMicros},
  };
  for (const auto& [name, number] : parts) {
    if (name != part) continue;
    lua_pushinteger(lua, number);
    return true;
  }
  return false;
}

bool PushReferencePart(lua_State* lua, const Box& box, absl::string_view part) {
  v1::Reference& reference = Interpreter::Of(lua).reference();
  reference.ParseFromArray(box.text().data(), static_cast<int>(box.size));
  if (part != "model" && part != "id") return false;
  const std::string& text = part == "id" ? reference.source_local_id() : reference.source_model();
  lua_pushlstring(lua, text.data(), text.size());
  return true;
}

int Part(lua_State* lua) {
  const Box& box = *ToBox(lua, 1);
  size_t size = 0;
  const char* const name = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &size) : "";
  const absl::string_view part(name, size);
  if (box.kind == BoxKind::kTimestamp && PushTimePart(lua, absl::FromUnixMicros(box.micros), part)) return 1;
  if (box.kind == BoxKind::kDate) {
    const auto midnight = value::ParseDate(box.text());
    const bool is_of_day = part == "year" || part == "month" || part == "day";
    if (midnight.has_value() && is_of_day && PushTimePart(lua, absl::FromUnixMicros(*midnight), part))
      return 1;
  }
  if (box.kind == BoxKind::kBytes && part == "text")
    return lua_pushlstring(lua, box.text().data(), box.size), 1;
  if (box.kind == BoxKind::kReference && PushReferencePart(lua, box, part)) return 1;
  Interpreter::Of(lua).Fail({"got ", BoxName(box.kind), ".", part, ", which does not exist"});
}

int Length(lua_State* lua) {
  lua_pushinteger(lua, static_cast<lua_Integer>(ToBox(lua, 1)->size));
  return 1;
}

int RefuseWrite(lua_State* lua) {
  Interpreter::Of(lua).Fail({"got an assignment into a ", TypeName(lua, 1), ", which cannot be changed"});
}

}  // namespace

void AddOperators(lua_State* lua, BoxKind kind) {
  constexpr luaL_Reg kOfAll[] = {
      {"__eq", IsEqual}, {"__index", Part}, {"__newindex", RefuseWrite}, {nullptr, nullptr}};
  constexpr luaL_Reg kOfValues[] = {
      {"__lt", IsLess}, {"__le", IsLessOrEqual}, {"__concat", Join}, {nullptr, nullptr}};
  constexpr luaL_Reg kOfBytes[] = {{"__len", Length}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kOfAll, 0);
  if (kind >= BoxKind::kDecimal && kind <= BoxKind::kReference) luaL_setfuncs(lua, kOfValues, 0);
  if (kind == BoxKind::kBytes) luaL_setfuncs(lua, kOfBytes, 0);
}

}  // namespace cognate::script
