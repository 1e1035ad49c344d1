// Values that Lua has no kind for, as scripts hold them: userdata that cannot be changed and has no
// finalizer. Also NULL, and the things that look like tables but are none: `record`, `old`, `sync` and the
// libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "lua.hpp"

namespace cognate::script {

enum class BoxKind : uint8_t {
  kNull,
  kDecimal,
  kTimestamp,
  kDate,
  kBytes,
  kReference,
  kRecord,
  kOld,
  kSync,
  kLibrary
};
inline constexpr int kBoxKinds = 10;

// Every userdata of an interpreter that a script can get hold of begins with one; the text follows it.
struct Box {
  BoxKind kind;
  size_t size;
  int64_t micros;  // of a timestamp, since 1970

  absl::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size}; }
};

// `decimal`, `record`, …
const char* BoxName(BoxKind kind);

// Pushes a box. The text: of a decimal and a date as in v1.Value, of bytes themselves, of a reference a
// serialized v1.Reference.
void PushBox(lua_State* lua, BoxKind kind, absl::string_view text = {}, int64_t micros = 0);
void PushNull(lua_State* lua);

// nullptr if there is no box.
inline const Box* ToBox(lua_State* lua, int index) {
  return lua_type(lua, index) == LUA_TUSERDATA ? static_cast<const Box*>(lua_touserdata(lua, index))
                                               : nullptr;
}
inline const Box* ToBox(lua_State* lua, int index, BoxKind kind) {
  const Box* box = ToBox(lua, index);
  return box != nullptr && box->kind == kind ? box : nullptr;
}

// As type() says it: `string`, `integer` is `number`, `decimal`, …
const char* TypeName(lua_State* lua, int index);
// Pushes the text of any value, as tostring() gives it. Calls __tostring of tables.
absl::string_view PushText(lua_State* lua, int index);
// Appends the text of a box: the canonical one; `null`; of a reference `model id`.
void AppendBoxText(const Box& box, std::string* out);

// Makes the metatables; called once for each interpreter.
void OpenBoxes(lua_State* lua);

// Keys in the registry.
enum RegistryKey : lua_Integer {
  kMainKey = 100,     // the script's own function
  kEnvironmentKey,    // the metatable of every run's globals
  kMapKey,            // the metatable of maps
  kNullKey,           // the one NULL
  kFirstMetatableKey  // of boxes, by kind
};

}  // namespace cognate::script
