// What a script finds beside the record: what the sandbox has of Lua's libraries, with the clock looked at in
// every function that can take long, nothing that gives an address or differs from run to run, and RE2 for
// patterns.
#pragma once

#include "lua.hpp"

namespace cognate::script {

// Each adds functions to the table at the top, called once for each interpreter.
void OpenBase(lua_State* lua);      // assert, error, …; walking: OpenWalks
void OpenWalks(lua_State* lua);     // next, pairs
void OpenRecord(lua_State* lua);    // record, old, sync, null, map, skip, reject
void OpenStrings(lua_State* lua);   // into the library string, all but the patterns
void OpenPatterns(lua_State* lua);  // find, match, gmatch, gsub
void OpenTables(lua_State* lua);    // into the library table

// Adds the function `name` of Lua's own library, which lies at the top, to the table below it. It then makes
// room and looks at the clock each time that it is called.
void TakeFunction(lua_State* lua, const char* name);
// A new library of Lua's own at the top, for TakeFunction.
void OpenOriginal(lua_State* lua, lua_CFunction open);

}  // namespace cognate::script
