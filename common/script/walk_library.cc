// next and pairs, in an order that depends on the keys alone. Lua's own is that of a hash table whose seed is
// another one in every process: what a script makes of a record would differ from run to run.
#include <algorithm>
#include <cstring>

#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

// Numbers, then texts, then false and true. Other keys have no order; they come last, as they lie.
struct Key {
  enum class Rank { kNumber, kText, kBool, kOther };

  Rank rank;
  bool is_integer;
  bool is_true;
  int place;
  lua_Integer integer;
  lua_Number number;
  const char* text;
  size_t size;
};

// The key's text stays where it is as long as the key is in its table.
Key KeyAt(lua_State* lua, int index) {
  Key key = {};
  switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
      key.rank = Key::Rank::kNumber;
      key.is_integer = lua_isinteger(lua, index) != 0;
      if (key.is_integer) key.integer = lua_tointegerx(lua, index, nullptr);
      key.number = lua_tonumberx(lua, index, nullptr);
      break;
    case LUA_TSTRING:
      key.rank = Key::Rank::kText;
      key.text = lua_tolstring(lua, index, &key.size);
      break;
    case LUA_TBOOLEAN:
      key.rank = Key::Rank::kBool;
      key.is_true = lua_toboolean(lua, index) != 0;
      break;
    default:
      key.rank = Key::Rank::kOther;
  }
  return key;
}

bool IsBefore(const Key& a, const Key& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  switch (a.rank) {
    case Key::Rank::kNumber:
      // Several integers and a float beyond them may be the same double: the integers come first, in their
      // order.
      if (a.is_integer && b.is_integer) return a.integer < b.integer;
      return a.number < b.number || (a.number == b.number && a.is_integer && !b.is_integer);
    case Key::Rank::kText:
      return absl::string_view(a.text, a.size) < absl::string_view(b.text, b.size);
    case Key::Rank::kBool:
      return !a.is_true && b.is_true;
    case Key::Rank::kOther:
      break;
  }
  return false;
}

// Pushes the first key after the one at `index` that has no order, or nil.
void PushNextOther(lua_State* lua, int index) {
  lua_pushvalue(lua, index);
  while (lua_next(lua, 1) != 0) {
    Interpreter::Of(lua).meter().Tick(lua);
    lua_pop(lua, 1);
    if (KeyAt(lua, -1).rank == Key::Rank::kOther) return;
  }
  lua_pushnil(lua);
}

// Pushes the smallest key after the one at 2, or the smallest of all, or nil.
void PushNextKey(lua_State* lua) {
  const bool is_first = lua_isnil(lua, 2);
  const Key after = KeyAt(lua, 2);
  if (!is_first && after.rank == Key::Rank::kOther) return PushNextOther(lua, 2);
  bool is_found = false;
  Key best = {};
  lua_pushnil(lua);  // the best, at 3
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    Interpreter::Of(lua).meter().Tick(lua);
    lua_pop(lua, 1);
    const Key key = KeyAt(lua, -1);
    if ((is_found && !IsBefore(key, best)) || (!is_first && !IsBefore(after, key))) continue;
    is_found = true;
    best = key;
    lua_pushvalue(lua, -1);
    lua_replace(lua, 3);
  }
}

int Next(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 2);
  Interpreter::Of(lua).meter().CheckTime(lua);
  PushNextKey(lua);
  if (lua_isnil(lua, -1)) return 1;
  lua_pushvalue(lua, -1);
  lua_rawget(lua, 1);
  return 2;
}

// Pushes a list of the keys of the table at 1 as they lie; their number.
int PushKeys(lua_State* lua) {
  lua_newtable(lua);
  const int keys = lua_gettop(lua);
  int count = 0;
  lua_pushnil(lua);
  while (lua_next(lua, 1) != 0) {
    Interpreter::Of(lua).meter().Tick(lua);
    lua_pop(lua, 1);
    lua_pushvalue(lua, -1);
    lua_rawseti(lua, keys, ++count);
  }
  return count;
}

// Turns the list of keys at the top into one in order.
void SortKeys(lua_State* lua, int count) {
  const int unsorted = lua_gettop(lua);
  // Lua's memory, so that it counts, and is freed whatever happens.
  Key* const order = static_cast<Key*>(lua_newuserdatauv(lua, sizeof(Key) * static_cast<size_t>(count), 0));
  bool is_sorted = true;
  for (int place = 0; place < count; ++place) {
    lua_rawgeti(lua, unsorted, place + 1);
    order[place] = KeyAt(lua, -1);
    order[place].place = place + 1;
    lua_pop(lua, 1);
    is_sorted = is_sorted && (place == 0 || !IsBefore(order[place], order[place - 1]));
  }
  if (is_sorted) return lua_settop(lua, unsorted);
  Interpreter::Of(lua).meter().CheckTime(lua);
  std::sort(order, order + count, [](const Key& a, const Key& b) {
    return IsBefore(a, b) || (!IsBefore(b, a) && a.place < b.place);
  });
  lua_createtable(lua, count, 0);
  for (int place = 0; place < count; ++place) {
    lua_rawgeti(lua, unsorted, order[place].place);
    lua_rawseti(lua, -2, place + 1);
  }
  lua_replace(lua, unsorted);
  lua_settop(lua, unsorted);
}

// The step of pairs. Upvalues: the keys in order, and how many of them are behind.
int Step(lua_State* lua) {
  lua_Integer place = lua_tointegerx(lua, lua_upvalueindex(2), nullptr);
  for (;;) {
    Interpreter::Of(lua).meter().Tick(lua);
    lua_settop(lua, 1);
    if (lua_rawgeti(lua, lua_upvalueindex(1), ++place) == LUA_TNIL) return 1;
    lua_pushvalue(lua, -1);
    const int type = lua_type(lua, 1) == LUA_TTABLE ? lua_rawget(lua, 1) : lua_gettable(lua, 1);
    if (type != LUA_TNIL) break;
  }
  lua_pushinteger(lua, place);
  lua_replace(lua, lua_upvalueindex(2));
  return 2;
}

// Pushes the step over the keys at the top, the walked thing and nil.
int PushWalk(lua_State* lua) {
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, Step, 2);
  lua_pushvalue(lua, 1);
  lua_pushnil(lua);
  return 3;
}

// True, and the names of the record or the sync are in Interpreter::value(), as a list.
bool ReadNames(lua_State* lua, BoxKind kind) {
  Interpreter& interpreter = Interpreter::Of(lua);
  v1::ListValue& names = *interpreter.value().mutable_list_value();
  names.Clear();
  if (kind == BoxKind::kRecord) {
    for (std::string& name : interpreter.record().Names())
      names.add_values()->set_text_value(std::move(name));
    return true;
  }
  for (const char* name : {"name", "source", "source_model", "target", "target_model"}) {
    names.add_values()->set_text_value(name);
  }
  return kind == BoxKind::kSync;
}

int Pairs(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (luaL_getmetafield(lua, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(lua, 1);
    lua_call(lua, 1, 3);
    return 3;
  }
  lua_settop(lua, 1);
  if (const Box* const box = ToBox(lua, 1); box != nullptr) {
    if (!ReadNames(lua, box->kind))
      Interpreter::Of(lua).Fail({"got ", BoxName(box->kind), " to walk over, want a table, record or sync"});
    const v1::ListValue& names = Interpreter::Of(lua).value().list_value();
    lua_createtable(lua, names.values_size(), 0);
    for (int place = 0; place < names.values_size(); ++place) {
      const std::string& name = names.values(place).text_value();
      lua_pushlstring(lua, name.data(), name.size());
      lua_rawseti(lua, -2, place + 1);
    }
    return PushWalk(lua);
  }
  luaL_checktype(lua, 1, LUA_TTABLE);
  SortKeys(lua, PushKeys(lua));
  return PushWalk(lua);
}

}  // namespace

void OpenWalks(lua_State* lua) {
  constexpr luaL_Reg kFunctions[] = {{"next", Next}, {"pairs", Pairs}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace cognate::script
