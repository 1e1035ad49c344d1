// The library string, but for the functions that take patterns.
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"

namespace cognate::script {
namespace {

bool SayTooLong(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  interpreter.text() = absl::StrCat("string.rep: got a text that would be longer than ",
                                    interpreter.meter().limits().memory_bytes, " bytes, want a shorter one");
  return false;
}

// rep(text, count [, between]). Lua's own one runs for years with an empty text.
int Repeat(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  size_t size = 0, between_size = 0;
  const char* const text = luaL_checklstring(lua, 1, &size);
  const lua_Integer count = luaL_checkinteger(lua, 2);
  const char* const between = luaL_optlstring(lua, 3, "", &between_size);
  if (count <= 0 || size + between_size == 0) return lua_pushliteral(lua, ""), 1;
  const size_t most = interpreter.meter().limits().memory_bytes;
  const size_t step = size + between_size;
  if (step > most || static_cast<uint64_t>(count) > most / step + 1) {
    SayTooLong(lua);
    interpreter.FailWithText();
  }
  const size_t total = static_cast<size_t>(count) * step - between_size;
  interpreter.meter().CheckTime(lua);
  interpreter.meter().MakeRoom(lua);
  luaL_Buffer buffer;
  char* const out = luaL_buffinitsize(lua, &buffer, total);
  // The first turn, then what is there twice as often, and so on.
  const size_t first = count == 1 ? size : step;
  std::memcpy(out, text, size);
  if (first > size) std::memcpy(out + size, between, between_size);
  for (size_t done = first; done < total;) {
    const size_t more = std::min(done, total - done);
    std::memcpy(out + done, out, more);
    done += more;
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

// Turns the argument of every %s into text, so that no address is printed. False: text() says what is wrong.
bool PrepareArguments(lua_State* lua, absl::string_view format) {
  int argument = 1;
  for (size_t place = 0; place < format.size(); ++place) {
    if (format[place] != '%') continue;
    if (++place < format.size() && format[place] == '%') continue;
    while (place < format.size() && !absl::ascii_isalpha(static_cast<unsigned char>(format[place])) &&
           format[place] != '%')
      ++place;
    ++argument;
    if (place >= format.size() || argument > lua_gettop(lua))
      return true;  // Lua's own one says what is wrong
    if (format[place] == 'p') {
      Interpreter::Of(lua).text() =
          "string.format: got %p, want another conversion: an address differs from run to run";
      return false;
    }
    if (format[place] == 's' && lua_type(lua, argument) != LUA_TSTRING) {
      Interpreter::Of(lua).meter().Tick(lua);
      PushText(lua, argument);
      lua_replace(lua, argument);
    }
  }
  return true;
}

// The first upvalue is Lua's own.
int Format(lua_State* lua) {
  Interpreter& interpreter = Interpreter::Of(lua);
  size_t size = 0;
  const char* const format = luaL_checklstring(lua, 1, &size);
  luaL_checkstack(lua, 8, "string.format");
  if (!PrepareArguments(lua, {format, size})) interpreter.FailWithText();
  interpreter.meter().CheckTime(lua);
  interpreter.meter().MakeRoom(lua);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

}  // namespace

void OpenStrings(lua_State* lua) {
  OpenOriginal(lua, luaopen_string);
  for (const char* name : {"byte", "char", "len", "lower", "reverse", "sub", "upper"})
    TakeFunction(lua, name);
  lua_getfield(lua, -1, "format");
  lua_pushcclosure(lua, Format, 1);
  lua_setfield(lua, -3, "format");
  lua_pop(lua, 1);
  lua_pushcfunction(lua, Repeat);
  lua_setfield(lua, -2, "rep");
  OpenPatterns(lua);
}

}  // namespace cognate::script
