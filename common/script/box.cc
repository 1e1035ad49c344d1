#include "common/script/box.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "cognate/v1/value.pb.h"
#include "common/script/box_operators.h"
#include "common/script/interpreter.h"
#include "common/value/canonical_text.h"

namespace cognate::script {

const char* BoxName(BoxKind kind) {
  constexpr const char* kNames[kBoxKinds] = {"null",      "decimal", "timestamp", "date", "bytes",
                                             "reference", "record",  "old",       "sync", "library"};
  return kNames[static_cast<int>(kind)];
}

void PushBox(lua_State* lua, BoxKind kind, absl::string_view text, int64_t micros) {
  Box* const box = static_cast<Box*>(lua_newuserdatauv(lua, sizeof(Box) + text.size(), 0));
  box->kind = kind;
  box->size = text.size();
  box->micros = micros;
  if (!text.empty()) std::memcpy(reinterpret_cast<char*>(box + 1), text.data(), text.size());
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kFirstMetatableKey + static_cast<int>(kind));
  lua_setmetatable(lua, -2);
}

void PushNull(lua_State* lua) { lua_rawgeti(lua, LUA_REGISTRYINDEX, kNullKey); }

const char* TypeName(lua_State* lua, int index) {
  const Box* const box = ToBox(lua, index);
  return box != nullptr ? BoxName(box->kind) : luaL_typename(lua, index);
}

void AppendBoxText(const Box& box, std::string* out) {
  switch (box.kind) {
    case BoxKind::kDecimal:
      if (!value::AppendCanonicalDecimal(box.text(), out)) absl::StrAppend(out, box.text());
      break;
    case BoxKind::kTimestamp:
      value::AppendTimestamp(box.micros, out);
      break;
    case BoxKind::kDate:
      absl::StrAppend(out, box.text());
      break;
    case BoxKind::kBytes:
      value::AppendBytes(box.text(), out);
      break;
    case BoxKind::kReference: {
      v1::Reference reference;
      reference.ParseFromArray(box.text().data(), static_cast<int>(box.size));
      absl::StrAppend(out, reference.source_model(), " ", reference.source_local_id());
      break;
    }
    default:
      absl::StrAppend(out, BoxName(box.kind));
  }
}

absl::string_view PushText(lua_State* lua, int index) {
  index = lua_absindex(lua, index);
  size_t size = 0;
  switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
      lua_pushvalue(lua, index);
      break;
    case LUA_TBOOLEAN:
      lua_pushstring(lua, lua_toboolean(lua, index) != 0 ? "true" : "false");
      break;
    case LUA_TUSERDATA: {
      std::string& text = Interpreter::Of(lua).text();
      text.clear();
      AppendBoxText(*ToBox(lua, index), &text);
      lua_pushlstring(lua, text.data(), text.size());
      break;
    }
    case LUA_TTABLE:
      if (luaL_getmetafield(lua, index, "__tostring") != LUA_TNIL) {
        lua_pushvalue(lua, index);
        lua_call(lua, 1, 1);
        if (lua_type(lua, -1) != LUA_TSTRING)
          luaL_error(lua, "got __tostring that gives no string, want one that does");
        break;
      }
      [[fallthrough]];
    default:  // without an address, which is another one in every run
      lua_pushstring(lua, luaL_typename(lua, index));
  }
  const char* const text = lua_tolstring(lua, -1, &size);
  return {text, size};
}

void OpenBoxes(lua_State* lua) {
  for (int kind = 0; kind < kBoxKinds; ++kind) {
    lua_newtable(lua);
    lua_pushstring(lua, BoxName(static_cast<BoxKind>(kind)));
    lua_setfield(lua, -2, "__name");
    AddOperators(lua, static_cast<BoxKind>(kind));
    lua_rawseti(lua, LUA_REGISTRYINDEX, kFirstMetatableKey + kind);
  }
  PushBox(lua, BoxKind::kNull);
  lua_rawseti(lua, LUA_REGISTRYINDEX, kNullKey);
}

}  // namespace cognate::script
