// record, old, sync, null, map, skip and reject.
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/bridge.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

absl::string_view FieldName(lua_State* lua) {
  if (lua_type(lua, 2) != LUA_TSTRING) {
    Interpreter::Of(lua).Fail({"got a ", TypeName(lua, 2), " as the name of a field, want a text"});
  }
  size_t size = 0;
  const char* const name = lua_tolstring(lua, 2, &size);
  return {name, size};
}

int PushField(lua_State* lua, absl::string_view field, const v1::Value* value) {
  if (value == nullptr) return lua_pushnil(lua), 1;
  if (value->kind_case() == v1::Value::kOmittedValue) {
    Interpreter::Of(lua).text() =
        "got a value that was left out of the record because it is too large, want a smaller one";
    Interpreter::Of(lua).FailWithText(field);
  }
  PushValue(lua, *value);
  return 1;
}

int ReadRecord(lua_State* lua) {
  const absl::string_view field = FieldName(lua);
  return PushField(lua, field, Interpreter::Of(lua).record().Get(field));
}

int ReadOld(lua_State* lua) {
  const absl::string_view field = FieldName(lua);
  return PushField(lua, field, Interpreter::Of(lua).record().GetOld(field));
}

// False: Interpreter::text() says why not.
bool Store(lua_State* lua, absl::string_view field) {
  Interpreter& interpreter = Interpreter::Of(lua);
  v1::Value& value = interpreter.value();
  value.Clear();
  if (!TakeValue(lua, 3, &value)) return false;
  const absl::Status status = interpreter.record().Set(field, std::move(value));
  if (!status.ok()) interpreter.text() = std::string(status.message());
  return status.ok();
}

int WriteRecord(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  const absl::string_view field = FieldName(lua);
  interpreter.meter().Tick(lua);
  if (lua_isnil(lua, 3)) {
    interpreter.record().Remove(field);
  } else if (!Store(lua, field)) {
    interpreter.FailWithText(field);
  }
  return 0;
}

int RefuseWriteOld(lua_State* lua) {
  Interpreter::Of(lua).Fail("got an assignment into old, which is what the record was; assign into record");
}

int RefuseWriteSync(lua_State* lua) {
  Interpreter::Of(lua).Fail("got an assignment into sync, which cannot be changed");
}

int ReadSync(lua_State* lua) {
  const SyncFacts& sync = Interpreter::Of(lua).sync();
  const absl::string_view name = FieldName(lua);
  for (const auto& [key, text] : {std::pair<absl::string_view, const std::string*>{"name", &sync.name},
                                  {"source", &sync.source_platform},
                                  {"target", &sync.target_platform},
                                  {"source_model", &sync.source_model},
                                  {"target_model", &sync.target_model}}) {
    if (key != name) continue;
    lua_pushlstring(lua, text->data(), text->size());
    return 1;
  }
  Interpreter::Of(lua).Fail({"got sync.", name, ", want name, source, source_model, target or target_model"});
}

// A text argument; the words of an ending are said once and need no conversion.
absl::string_view TextArgument(lua_State* lua, int index, absl::string_view function) {
  if (lua_isnoneornil(lua, index)) return {};
  if (lua_type(lua, index) != LUA_TSTRING) {
    Interpreter::Of(lua).Fail(
        {function, ": got a ", TypeName(lua, index), ", want a text; tostring(…) makes one"});
  }
  size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, size};
}

int Skip(lua_State* lua) {
  Interpreter::Of(lua).End(Ending::Kind::kSkipped, TextArgument(lua, 1, "skip"), "");
}

int Reject(lua_State* lua) {
  const absl::string_view message = TextArgument(lua, 1, "reject");
  if (message.empty())
    Interpreter::Of(lua).Fail("reject: got no message, want one that says what is wrong with the record");
  Interpreter::Of(lua).End(Ending::Kind::kRejected, message, TextArgument(lua, 2, "reject"));
}

// Gives boxes of this kind other functions for reading and writing, and makes one a global of this name.
void AddGlobal(lua_State* lua, BoxKind kind, lua_CFunction read, lua_CFunction write) {
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kFirstMetatableKey + static_cast<int>(kind));
  lua_pushcfunction(lua, read);
  lua_setfield(lua, -2, "__index");
  lua_pushcfunction(lua, write);
  lua_setfield(lua, -2, "__newindex");
  lua_pop(lua, 1);
  PushBox(lua, kind);
  lua_setfield(lua, -2, BoxName(kind));
}

}  // namespace

void OpenRecord(lua_State* lua) {
  AddGlobal(lua, BoxKind::kRecord, ReadRecord, WriteRecord);
  AddGlobal(lua, BoxKind::kOld, ReadOld, RefuseWriteOld);
  AddGlobal(lua, BoxKind::kSync, ReadSync, RefuseWriteSync);
  constexpr luaL_Reg kFunctions[] = {
      {"map", MakeMap}, {"skip", Skip}, {"reject", Reject}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
  PushNull(lua);
  lua_setfield(lua, -2, "null");
}

}  // namespace cognate::script
