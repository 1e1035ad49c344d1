// string.find, match, gmatch and gsub with RE2's patterns: each match takes time in proportion to pattern and
// text. Lua's own ones can take years, and nothing can end them.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/script/box.h"
#include "common/script/interpreter.h"
#include "common/script/libraries.h"
#include "common/script/pattern_cache.h"

namespace cognate::script {
namespace {

using re2::RE2;
using re2::StringPiece;

struct Match {
  StringPiece groups[kMaxPatternGroups + 1];
  int count = 0;  // of groups, without the whole match

  size_t begin(absl::string_view text) const { return static_cast<size_t>(groups[0].data() - text.data()); }
};

absl::string_view CheckText(lua_State* lua, int index) {
  size_t size = 0;
  const char* const text = luaL_checklstring(lua, index, &size);
  return {text, size};
}

void SayTooMuch(Interpreter& interpreter, const RE2& pattern, size_t text_size) {
  const auto pattern_size = static_cast<size_t>(pattern.ProgramSize());
  interpreter.text() = absl::StrCat("got a text of ", text_size, " bytes for this pattern, want at most ",
                                    interpreter.meter().pattern_steps() / pattern_size,
                                    "; use a simpler pattern or a shorter text");
}

// Looks from `start` on. Raises an error for what is no pattern, too much, or too late.
bool FindMatch(lua_State* lua, absl::string_view text, size_t start, absl::string_view pattern,
               Match* match) {
  Interpreter& interpreter = Interpreter::Of(lua);
  interpreter.meter().CheckTime(lua);
  // Anew each time: what a script does between two matches may push the pattern out.
  const RE2* const compiled = interpreter.patterns().Find(pattern, &interpreter.text());
  if (compiled == nullptr) interpreter.FailWithText();
  if (text.size() - start >
      interpreter.meter().pattern_steps() / static_cast<size_t>(compiled->ProgramSize())) {
    SayTooMuch(interpreter, *compiled, text.size() - start);
    interpreter.FailWithText();
  }
  match->count = compiled->NumberOfCapturingGroups();
  return compiled->Match(StringPiece(text.data(), text.size()), start, text.size(), RE2::UNANCHORED,
                         match->groups, match->count + 1);
}

// A group that took no part is nil.
void PushGroup(lua_State* lua, const Match& match, int group) {
  const StringPiece& text = match.groups[group];
  if (text.data() == nullptr) return lua_pushnil(lua);
  lua_pushlstring(lua, text.data(), text.size());
}

// All groups, or the whole match if there is none; their number.
int PushGroups(lua_State* lua, const Match& match) {
  luaL_checkstack(lua, kMaxPatternGroups + 4, "groups of a pattern");
  if (match.count == 0) return PushGroup(lua, match, 0), 1;
  for (int group = 1; group <= match.count; ++group) PushGroup(lua, match, group);
  return match.count;
}

// Lua's third argument: counted from 1, from the end if negative. False: beyond the end.
bool ReadStart(lua_State* lua, int index, size_t size, size_t* start) {
  const lua_Integer given = luaL_optinteger(lua, index, 1);
  if (given > 0) {
    *start = static_cast<size_t>(given) - 1;
  } else if (given == 0 || given < -static_cast<lua_Integer>(size)) {
    *start = 0;
  } else {
    *start = size - static_cast<size_t>(-given);
  }
  return *start <= size;
}

int FindPlain(lua_State* lua, absl::string_view text, size_t start, absl::string_view wanted) {
  // Linear, other than Lua's own.
  const void* const found =
      wanted.empty() ? text.data() + start
                     : memmem(text.data() + start, text.size() - start, wanted.data(), wanted.size());
  if (found == nullptr) return lua_pushnil(lua), 1;
  const lua_Integer place = static_cast<const char*>(found) - text.data();
  lua_pushinteger(lua, place + 1);
  lua_pushinteger(lua, place + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int Find(lua_State* lua) {
  const absl::string_view text = CheckText(lua, 1), pattern = CheckText(lua, 2);
  size_t start = 0;
  Match match;
  if (!ReadStart(lua, 3, text.size(), &start)) return lua_pushnil(lua), 1;
  Interpreter::Of(lua).meter().CheckTime(lua);
  if (lua_toboolean(lua, 4) != 0) return FindPlain(lua, text, start, pattern);
  if (!FindMatch(lua, text, start, pattern, &match)) return lua_pushnil(lua), 1;
  const size_t begin = match.begin(text);
  lua_pushinteger(lua, static_cast<lua_Integer>(begin + 1));
  lua_pushinteger(lua, static_cast<lua_Integer>(begin + match.groups[0].size()));
  return match.count == 0 ? 2 : 2 + PushGroups(lua, match);
}

int MatchOnce(lua_State* lua) {
  const absl::string_view text = CheckText(lua, 1), pattern = CheckText(lua, 2);
  size_t start = 0;
  Match match;
  if (!ReadStart(lua, 3, text.size(), &start) || !FindMatch(lua, text, start, pattern, &match))
    return lua_pushnil(lua), 1;
  return PushGroups(lua, match);
}

// Where the character at `place` ends.
size_t AfterCharacter(absl::string_view text, size_t place) {
  ++place;
  while (place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) ++place;
  return std::min(place, text.size());
}

// Finds the matches of one text one after another, none of them empty where the last one ended.
struct Matches {
  absl::string_view text, pattern;
  size_t start = 0;
  size_t last_end = static_cast<size_t>(-1);
  Match match = {};

  bool Next(lua_State* lua) {
    while (start <= text.size() && FindMatch(lua, text, start, pattern, &match)) {
      const size_t begin = match.begin(text), end = begin + match.groups[0].size();
      const bool is_empty = begin == end;
      start = is_empty ? AfterCharacter(text, end) + (end >= text.size() ? 1 : 0) : end;
      if (is_empty && end == last_end) continue;
      last_end = end;
      return true;
    }
    return false;
  }
};

// The step of gmatch. Upvalues: text, pattern, where to go on, where the last match ended.
int NextMatch(lua_State* lua) {
  Matches matches{CheckText(lua, lua_upvalueindex(1)), CheckText(lua, lua_upvalueindex(2))};
  matches.start = static_cast<size_t>(lua_tointegerx(lua, lua_upvalueindex(3), nullptr));
  matches.last_end = static_cast<size_t>(lua_tointegerx(lua, lua_upvalueindex(4), nullptr));
  const bool is_found = matches.Next(lua);
  lua_pushinteger(lua, static_cast<lua_Integer>(is_found ? matches.start : matches.text.size() + 1));
  lua_replace(lua, lua_upvalueindex(3));
  lua_pushinteger(lua, static_cast<lua_Integer>(matches.last_end));
  lua_replace(lua, lua_upvalueindex(4));
  if (!is_found) return lua_pushnil(lua), 1;
  return PushGroups(lua, matches.match);
}

int MatchAll(lua_State* lua) {
  CheckText(lua, 1);
  CheckText(lua, 2);
  lua_settop(lua, 2);
  lua_pushinteger(lua, 0);
  lua_pushinteger(lua, -1);
  lua_pushcclosure(lua, NextMatch, 4);
  return 1;
}

// Adds the replacement text at 3 with its %0 to %9 filled in.
void AddText(lua_State* lua, const Match& match, luaL_Buffer* buffer) {
  const absl::string_view replacement = CheckText(lua, 3);
  for (size_t place = 0; place < replacement.size(); ++place) {
    Interpreter::Of(lua).meter().Tick(lua);
    const size_t percent = std::min(replacement.find('%', place), replacement.size());
    luaL_addlstring(buffer, replacement.data() + place, percent - place);
    place = percent + 1;
    if (percent == replacement.size()) return;
    const char what = place < replacement.size() ? replacement[place] : '\0';
    const int group = what - '0';
    if (what == '%') {
      luaL_addchar(buffer, '%');
    } else if (group >= 0 && group <= 9 && (group <= match.count || group == 1)) {
      const StringPiece& text = match.groups[group <= match.count ? group : 0];
      luaL_addlstring(buffer, text.data() == nullptr ? "" : text.data(), text.size());
    } else {
      Interpreter::Of(lua).Fail(
          "string.gsub: got a % in the replacement, want %% or %0 to %9 for a group that the pattern has");
    }
  }
}

// Adds what the table or function at 3 gives; the match itself if that is nil or false.
void AddResult(lua_State* lua, const Match& match, luaL_Buffer* buffer) {
  if (lua_type(lua, 3) == LUA_TFUNCTION) {
    lua_pushvalue(lua, 3);
    lua_call(lua, PushGroups(lua, match), 1);
  } else {
    PushGroup(lua, match, match.count == 0 ? 0 : 1);
    if (lua_isnil(lua, -1)) {
      // A group that took no part is in no table.
    } else {
      lua_gettable(lua, 3);
    }
  }
  if (lua_toboolean(lua, -1) == 0) {
    lua_pop(lua, 1);
    luaL_addlstring(buffer, match.groups[0].data(), match.groups[0].size());
  } else if (lua_isstring(lua, -1) == 0) {
    Interpreter::Of(lua).Fail(
        {"string.gsub: got a ", TypeName(lua, -1), " as a replacement, want a text; tostring(…) makes one"});
  } else {
    luaL_addvalue(buffer);
  }
}

int Substitute(lua_State* lua) {
  Matches matches{CheckText(lua, 1), CheckText(lua, 2)};
  const int kind = lua_type(lua, 3);
  if (kind != LUA_TSTRING && kind != LUA_TNUMBER && kind != LUA_TTABLE && kind != LUA_TFUNCTION) {
    Interpreter::Of(lua).Fail(
        {"string.gsub: got a ", TypeName(lua, 3), " as the replacement, want a text, a table or a function"});
  }
  const lua_Integer most = luaL_optinteger(lua, 4, LUA_MAXINTEGER);
  lua_settop(lua, 3);
  if (kind == LUA_TNUMBER) CheckText(lua, 3);
  Interpreter::Of(lua).meter().MakeRoom(lua);
  luaL_Buffer buffer;
  luaL_buffinit(lua, &buffer);
  lua_Integer count = 0;
  size_t copied = 0;
  while (count < most && matches.Next(lua)) {
    ++count;
    const size_t begin = matches.match.begin(matches.text);
    luaL_addlstring(&buffer, matches.text.data() + copied, begin - copied);
    copied = begin + matches.match.groups[0].size();
    if (kind == LUA_TTABLE || kind == LUA_TFUNCTION) {
      AddResult(lua, matches.match, &buffer);
    } else {
      AddText(lua, matches.match, &buffer);
    }
  }
  luaL_addlstring(&buffer, matches.text.data() + copied, matches.text.size() - copied);
  luaL_pushresult(&buffer);
  lua_pushinteger(lua, count);
  return 2;
}

}  // namespace

void OpenPatterns(lua_State* lua) {
  constexpr luaL_Reg kFunctions[] = {
      {"find", Find}, {"match", MatchOnce}, {"gmatch", MatchAll}, {"gsub", Substitute}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace cognate::script
