// Values between records and scripts.
#pragma once

#include "cognate/v1/value.pb.h"
#include "lua.hpp"

namespace cognate::script {

// Pushes a value as a script sees it. Raises a Lua error for what was left out of the record, and for memory.
void PushValue(lua_State* lua, const v1::Value& value);

// Turns the Lua value at `index` into `*value`. False: Interpreter::text() says why not. Raises nothing,
// calls no metamethods, and counts what it makes on the meter.
bool TakeValue(lua_State* lua, int index, v1::Value* value);

// map{…}: the table itself, which from now on is a map even if it is empty.
int MakeMap(lua_State* lua);
// Makes the metatable of maps; called once for each interpreter.
void OpenMaps(lua_State* lua);
// Whether the table at `index` is one of MakeMap or PushValue.
bool IsMap(lua_State* lua, int index);

}  // namespace cognate::script
