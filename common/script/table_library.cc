// The library table. Lua's own loops run as long as __len or an argument says, and nothing can end them.
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

void Tick(lua_State* lua) { Interpreter::Of(lua).meter().Tick(lua); }

int Insert(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const lua_Integer end = static_cast<lua_Integer>(static_cast<lua_Unsigned>(luaL_len(lua, 1)) + 1);
  lua_Integer place = end;
  const int given = lua_gettop(lua);
  if (given == 3) {
    place = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, static_cast<lua_Unsigned>(place) - 1U < static_cast<lua_Unsigned>(end), 2,
                  "position out of bounds");
    for (lua_Integer to = end; to > place; --to) {
      Tick(lua);
      lua_geti(lua, 1, to - 1);
      lua_seti(lua, 1, to);
    }
  } else if (given != 2) {
    return luaL_error(lua, "wrong number of arguments to 'insert'");
  }
  lua_seti(lua, 1, place);
  return 0;
}

int Remove(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  const lua_Integer size = luaL_len(lua, 1);
  lua_Integer place = luaL_optinteger(lua, 2, size);
  if (lua_gettop(lua) > 1) {
    luaL_argcheck(lua,
                  static_cast<lua_Unsigned>(size) + 1U == static_cast<lua_Unsigned>(place) ||
                      static_cast<lua_Unsigned>(place) - 1U <= static_cast<lua_Unsigned>(size),
                  2, "position out of bounds");
  }
  lua_geti(lua, 1, place);
  for (; place < size; ++place) {
    Tick(lua);
    lua_geti(lua, 1, place + 1);
    lua_seti(lua, 1, place);
  }
  lua_pushnil(lua);
  lua_seti(lua, 1, place);
  return 1;
}

// move(from, first, last, to [, into])
int Move(lua_State* lua) {
  const lua_Integer first = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3),
                    to = luaL_checkinteger(lua, 4);
  const int into = lua_isnoneornil(lua, 5) ? 1 : 5;
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checktype(lua, into, LUA_TTABLE);
  if (last >= first) {
    luaL_argcheck(lua, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    const lua_Integer count = last - first + 1;
    luaL_argcheck(lua, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    const bool is_forwards = to > last || to <= first || (into != 1 && lua_rawequal(lua, 1, into) == 0);
    for (lua_Integer step = 0; step < count; ++step) {
      const lua_Integer place = is_forwards ? step : count - 1 - step;
      Tick(lua);
      lua_geti(lua, 1, first + place);
      lua_seti(lua, into, to + place);
    }
  }
  lua_pushvalue(lua, into);
  return 1;
}

int Concat(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  size_t between_size = 0;
  const char* const between = luaL_optlstring(lua, 2, "", &between_size);
  const lua_Integer first = luaL_optinteger(lua, 3, 1);
  const lua_Integer last = lua_isnoneornil(lua, 4) ? luaL_len(lua, 1) : luaL_checkinteger(lua, 4);
  Interpreter::Of(lua).meter().MakeRoom(lua);
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  for (lua_Integer place = first; place <= last; ++place) {
    Tick(lua);
    lua_geti(lua, 1, place);
    if (lua_isstring(lua, -1) == 0) {
      return luaL_error(lua, "invalid value (at index %I) in table for 'concat'",
                        static_cast<LUAI_UACINT>(place));
    }
    luaL_addvalue(&buffer);
    if (place == last) break;  // which may be the largest integer
    luaL_addlstring(&buffer, between, between_size);
  }
  luaL_pushresult(&buffer);
  return 1;
}

// What Lua's sort asks for two elements: `<`, or the function that is the first upvalue.
int IsBefore(lua_State* lua) {
  Tick(lua);
  if (lua_isnil(lua, lua_upvalueindex(1))) {
    // Two long texts may take as long as a thousand numbers.
    if (lua_rawlen(lua, 1) > 4096) Interpreter::Of(lua).meter().CheckTime(lua);
    lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
    return 1;
  }
  lua_settop(lua, 2);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, 2, 1);
  return 1;
}

// The first upvalue is Lua's own.
int Sort(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (!lua_isnoneornil(lua, 2)) luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_settop(lua, 2);
  lua_pushcclosure(lua, IsBefore, 1);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

}  // namespace

void OpenTables(lua_State* lua) {
  constexpr luaL_Reg kFunctions[] = {
      {"concat", Concat}, {"insert", Insert}, {"move", Move}, {"remove", Remove}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
  OpenOriginal(lua, luaopen_table);
  for (const char* name : {"pack", "unpack"}) TakeFunction(lua, name);
  lua_getfield(lua, -1, "sort");
  lua_pushcclosure(lua, Sort, 1);
  lua_setfield(lua, -3, "sort");
  lua_pop(lua, 1);
}

}  // namespace cognate::script
