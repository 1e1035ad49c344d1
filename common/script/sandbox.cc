#include "common/script/sandbox.h"

#include "common/script/box.h"
#include "common/script/box_operators.h"
#include "common/script/bridge.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

// Without random and randomseed: a script gives the same for the same record.
void OpenMath(lua_State* lua) {
  OpenOriginal(lua, luaopen_math);
  for (const char* name :
       {"abs",  "acos", "asin", "atan", "ceil",      "cos",        "deg",       "exp", "floor",
        "fmod", "huge", "log",  "max",  "min",       "modf",       "pi",        "rad", "sin",
        "sqrt", "tan",  "type", "ult",  "tointeger", "maxinteger", "mininteger"}) {
    lua_getfield(lua, -1, name);
    lua_setfield(lua, -3, name);
  }
  lua_pop(lua, 1);
}

// Without charpattern, which is one of Lua's patterns.
void OpenUtf8(lua_State* lua) {
  OpenOriginal(lua, luaopen_utf8);
  for (const char* name : {"char", "codepoint", "codes", "len", "offset"}) TakeFunction(lua, name);
  lua_pop(lua, 1);
}

// ("text"):upper(). Without more: a text in a sum is an error, and not a number.
void AddStringMethods(lua_State* lua) {
  lua_pushliteral(lua, "");
  lua_createtable(lua, 0, 1);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
  lua_pop(lua, 1);
}

// Puts what shows a library, and cannot be changed, into the table at the top.
void AddLibrary(lua_State* lua, const char* name, void (*open)(lua_State*)) {
  lua_newtable(lua);
  open(lua);
  if (open == OpenStrings) AddStringMethods(lua);
  PushBox(lua, BoxKind::kLibrary);
  lua_createtable(lua, 0, 3);
  lua_pushvalue(lua, -3);
  lua_setfield(lua, -2, "__index");
  for (const char* kept : {"__name", "__newindex"}) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, kFirstMetatableKey + static_cast<int>(BoxKind::kLibrary));
    lua_getfield(lua, -1, kept);
    lua_setfield(lua, -3, kept);
    lua_pop(lua, 1);
  }
  lua_setmetatable(lua, -2);
  lua_setfield(lua, -3, name);
  lua_pop(lua, 1);
}

}  // namespace

int OpenSandbox(lua_State* lua) {
  luaL_checkstack(lua, 20, "sandbox");
  OpenBoxes(lua);
  OpenMaps(lua);
  lua_newtable(lua);  // what every run's globals fall back on
  OpenBase(lua);
  OpenWalks(lua);
  OpenMakers(lua);
  OpenRecord(lua);
  AddLibrary(lua, "math", OpenMath);
  AddLibrary(lua, "string", OpenStrings);
  AddLibrary(lua, "table", OpenTables);
  AddLibrary(lua, "utf8", OpenUtf8);
  lua_createtable(lua, 0, 1);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "__index");
  lua_rawseti(lua, LUA_REGISTRYINDEX, kEnvironmentKey);
  return 0;
}

}  // namespace cognate::script
