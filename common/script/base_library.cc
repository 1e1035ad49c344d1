// What the sandbox has of Lua's base library, but for next and pairs.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

// Where the metatable that a table really has keeps the one that the script gave.
void PushOriginalKey(lua_State* lua) {
  static const char kOriginal = 0;
  lua_pushlightuserdata(lua, const_cast<char*>(&kOriginal));
}

constexpr const char* kMetamethods[] = {"__index", "__newindex", "__tostring", "__pairs", "__eq",   "__lt",
                                        "__le",    "__len",      "__concat",   "__unm",   "__add",  "__sub",
                                        "__mul",   "__div",      "__mod",      "__pow",   "__idiv", "__band",
                                        "__bor",   "__bxor",     "__shl",      "__shr",   "__bnot"};
constexpr const char* kForbidden[] = {"__gc", "__close", "__mode", "__metatable"};

// Pushes the field of the table at `table`, without metamethods; its type.
int RawField(lua_State* lua, int table, const char* name) {
  lua_pushstring(lua, name);
  return lua_rawget(lua, table);
}

// A copy, so that the script cannot change it afterwards: then __gc and __close would come in, which run
// outside of the limits, and a chain of __call that never ends inside one instruction.
void PushCheckedMetatable(lua_State* lua, int given) {
  lua_createtable(lua, 0, 8);
  const int copy = lua_gettop(lua);
  for (const char* name : kForbidden) {
    if (RawField(lua, given, name) != LUA_TNIL) {
      Interpreter::Of(lua).Fail(
          {"got a metatable with ", name, ", want one without it: scripts do not have it"});
    }
    lua_pop(lua, 1);
  }
  for (const char* name : kMetamethods) {
    if (RawField(lua, given, name) != LUA_TNIL) {
      lua_setfield(lua, copy, name);
    } else {
      lua_pop(lua, 1);
    }
  }
  const int call = RawField(lua, given, "__call");
  if (call != LUA_TNIL && call != LUA_TFUNCTION) {
    Interpreter::Of(lua).Fail({"got a metatable with a ", TypeName(lua, -1), " as __call, want a function"});
  }
  lua_setfield(lua, copy, "__call");
  PushOriginalKey(lua);
  lua_pushvalue(lua, given);
  lua_rawset(lua, copy);
}

int SetMetatable(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (!lua_isnoneornil(lua, 2)) luaL_checktype(lua, 2, LUA_TTABLE);
  lua_settop(lua, 2);
  if (lua_isnil(lua, 2)) {
    lua_pushnil(lua);
  } else {
    PushCheckedMetatable(lua, 2);
  }
  lua_setmetatable(lua, 1);
  lua_settop(lua, 1);
  return 1;
}

int GetMetatable(lua_State* lua) {
  luaL_checkany(lua, 1);
  if (lua_type(lua, 1) != LUA_TTABLE || lua_getmetatable(lua, 1) == 0) return lua_pushnil(lua), 1;
  PushOriginalKey(lua);
  lua_rawget(lua, -2);
  return 1;
}

int Type(lua_State* lua) {
  luaL_checkany(lua, 1);
  lua_pushstring(lua, TypeName(lua, 1));
  return 1;
}

int ToString(lua_State* lua) {
  luaL_checkany(lua, 1);
  PushText(lua, 1);
  return 1;
}

// A decimal as an integer if it is one, else as the nearest float.
void PushNumber(lua_State* lua, const Box& decimal) {
  std::string& text = Interpreter::Of(lua).text();
  text.clear();
  AppendBoxText(decimal, &text);
  int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer)) return lua_pushinteger(lua, integer);
  lua_pushnumber(lua, text == "NaN" ? std::nan("") : std::strtod(text.c_str(), nullptr));
}

// The first upvalue is Lua's own.
int ToNumber(lua_State* lua) {
  if (const Box* const decimal = ToBox(lua, 1, BoxKind::kDecimal);
      decimal != nullptr && lua_isnoneornil(lua, 2)) {
    PushNumber(lua, *decimal);
    return 1;
  }
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

// Lua's own function, which is the first upvalue, in our frame, so that its errors name it.
int CallOriginal(lua_State* lua) {
  Meter& meter = Interpreter::Of(lua).meter();
  meter.CheckTime(lua);
  meter.MakeRoom(lua);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

}  // namespace

void OpenOriginal(lua_State* lua, lua_CFunction open) {
  lua_pushcfunction(lua, open);
  lua_call(lua, 0, 1);
}

void TakeFunction(lua_State* lua, const char* name) {
  lua_getfield(lua, -1, name);
  lua_pushcclosure(lua, CallOriginal, 1);
  lua_setfield(lua, -3, name);
}

void OpenBase(lua_State* lua) {
  constexpr luaL_Reg kFunctions[] = {{"getmetatable", GetMetatable},
                                     {"setmetatable", SetMetatable},
                                     {"tostring", ToString},
                                     {"type", Type},
                                     {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
  // It fills the table of globals, which no script ever sees.
  OpenOriginal(lua, luaopen_base);
  for (const char* name : {"assert", "error", "ipairs", "rawequal", "rawget", "rawlen", "rawset", "select"}) {
    lua_getfield(lua, -1, name);
    lua_setfield(lua, -3, name);
  }
  lua_getfield(lua, -1, "tonumber");
  lua_pushcclosure(lua, ToNumber, 1);
  lua_setfield(lua, -3, "tonumber");
  lua_pop(lua, 1);
}

}  // namespace cognate::script
