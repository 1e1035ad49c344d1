// A port of this machine for a server that cannot be asked which one it has got.
#pragma once

namespace cognate::test_support {

// One that nobody has just now, below those that the system gives to connections: there nobody gets it by
// chance before its server has begun. 0 if there is none.
int FreePort();

}  // namespace cognate::test_support
