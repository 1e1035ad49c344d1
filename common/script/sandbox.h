// Puts together what a script sees.
#pragma once

#include "lua.hpp"

namespace cognate::script {

// Called once for each interpreter, protected. Afterwards the registry holds what RegistryKey says, but the
// script.
int OpenSandbox(lua_State* lua);

}  // namespace cognate::script
