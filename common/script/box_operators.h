// What scripts can do with boxes: compare, join to text, look at their parts; and make them.
#pragma once

#include "common/script/box.h"

namespace cognate::script {

// Adds the operators of values of this kind to the metatable at the top.
void AddOperators(lua_State* lua, BoxKind kind);
// Adds decimal, timestamp, date, bytes and ref to the table at the top.
void OpenMakers(lua_State* lua);

}  // namespace cognate::script
