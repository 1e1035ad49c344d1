#include "common/script/interpreter.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/script/box.h"
#include "common/script/sandbox.h"
#include "common/value/parse.h"

namespace cognate::script {
namespace {

constexpr char kChunkName[] = "=script";
constexpr size_t kMaxMessageBytes = 1000;
// Beyond this a run's garbage is collected at its end, on nobody's time.
constexpr size_t kMaxGarbageBytes = 1 << 20;
constexpr size_t kMaxKeptScratchBytes = 64 << 10;

// Cuts `script:7: ` off the front; the line, or 0 if there is none.
int TakeLine(absl::string_view* message) {
  absl::string_view rest = *message;
  if (!absl::ConsumePrefix(&rest, "script:")) return 0;
  size_t digits = 0;
  while (digits < rest.size() && absl::ascii_isdigit(static_cast<unsigned char>(rest[digits]))) ++digits;
  int line = 0;
  if (!absl::SimpleAtoi(rest.substr(0, digits), &line)) return 0;
  rest.remove_prefix(digits);
  if (!absl::ConsumePrefix(&rest, ": ")) return 0;
  *message = rest;
  return line;
}

std::string WithLine(absl::string_view message, int line) {
  return Readable(line > 0 ? absl::StrCat("script line ", line, ": ", message)
                           : absl::StrCat("script: ", message));
}

int AppendDump(lua_State*, const void* bytes, size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return 0;
}

}  // namespace

std::string Readable(absl::string_view text) {
  std::string readable(text.substr(0, kMaxMessageBytes));
  if (text.size() > kMaxMessageBytes) {
    size_t end = kMaxMessageBytes - 3;
    while (end > 0 && (static_cast<unsigned char>(readable[end]) & 0xC0) == 0x80) --end;
    readable.resize(end);
    readable += "…";
  }
  if (!value::CharacterCount(readable).has_value()) {
    std::replace_if(
        readable.begin(), readable.end(),
        [](char c) { return c == '\0' || (static_cast<unsigned char>(c) & 0x80) != 0; }, '?');
  }
  return readable;
}

absl::StatusOr<std::unique_ptr<Interpreter>> Interpreter::FromText(absl::string_view source,
                                                                   const Limits& limits) {
  if (source.size() > kMaxSourceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("script: got ", source.size(), " bytes, want at most ", kMaxSourceBytes));
  }
  // Each run has globals of its own; a script that sets _ENV would be none the better for it.
  if (const size_t place = source.find("_ENV"); place != absl::string_view::npos) {
    const auto line =
        1 + std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(place), '\n');
    return absl::InvalidArgumentError(
        WithLine("got the name _ENV, which scripts do not have", static_cast<int>(line)));
  }
  auto interpreter = std::unique_ptr<Interpreter>(new Interpreter(limits));
  absl::Status status = interpreter->Open();
  if (status.ok()) status = interpreter->LoadChunk(source, "t");
  if (!status.ok()) return status;
  return interpreter;
}

absl::StatusOr<std::unique_ptr<Interpreter>> Interpreter::FromDump(absl::string_view dump,
                                                                   const Limits& limits) {
  auto interpreter = std::unique_ptr<Interpreter>(new Interpreter(limits));
  absl::Status status = interpreter->Open();
  if (status.ok()) status = interpreter->LoadChunk(dump, "b");
  if (!status.ok()) return status;
  return interpreter;
}

Interpreter::~Interpreter() {
  if (lua_ != nullptr) lua_close(lua_);
}

absl::Status Interpreter::Open() {
  lua_ = lua_newstate(Meter::Allocate, &meter_);
  if (lua_ == nullptr) return absl::ResourceExhaustedError("script: there is no memory for an interpreter");
  *static_cast<Interpreter**>(lua_getextraspace(lua_)) = this;
  lua_pushcfunction(lua_, OpenSandbox);
  return lua_pcall(lua_, 0, 0, 0) == LUA_OK ? absl::OkStatus() : LoadError();
}

absl::Status Interpreter::LoadChunk(absl::string_view chunk, const char* mode) {
  if (luaL_loadbufferx(lua_, chunk.data(), chunk.size(), kChunkName, mode) != LUA_OK) return LoadError();
  lua_rawseti(lua_, LUA_REGISTRYINDEX, kMainKey);
  lua_gc(lua_, LUA_GCCOLLECT);
  meter_.TakeBase();
  return absl::OkStatus();
}

absl::Status Interpreter::LoadError() const {
  size_t size = 0;
  const char* const text = lua_tolstring(lua_, -1, &size);
  absl::string_view message(text == nullptr ? "unknown error" : text, text == nullptr ? 13 : size);
  const int line = TakeLine(&message);
  return absl::InvalidArgumentError(WithLine(message, line));
}

std::string Interpreter::Dump() const {
  std::string dump;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, kMainKey);
  lua_dump(lua_, AppendDump, &dump, 0);
  lua_pop(lua_, 1);
  return dump;
}

// Runs the script's function with new globals.
int Interpreter::RunMain(lua_State* lua) {
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kMainKey);
  lua_createtable(lua, 0, 0);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, kEnvironmentKey);
  lua_setmetatable(lua, -2);
  lua_setupvalue(lua, -2, 1);
  lua_call(lua, 0, 0);
  return 0;
}

// Where an error arises; it may be in a function of the library that another one called.
int Interpreter::NoteLine(lua_State* lua) {
  Of(lua).error_line_ = CurrentLine(lua);
  return 1;
}

Ending Interpreter::Run(RecordAccess& record, const SyncFacts& sync) {
  record_ = &record;
  sync_ = &sync;
  ending_ = Ending();
  error_line_ = 0;
  lua_settop(lua_, 0);
  lua_pushcfunction(lua_, NoteLine);
  lua_pushcfunction(lua_, RunMain);
  meter_.Start(lua_);
  const int status = lua_pcall(lua_, 0, 0, 1);
  meter_.Stop();
  Ending ending = Conclude(status);
  // Nothing of this run is to be held for the next one.
  lua_settop(lua_, 0);
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, kMainKey);
  lua_pushnil(lua_);
  lua_setupvalue(lua_, 1, 1);
  lua_settop(lua_, 0);
  if (!is_spent_ && meter_.held_beyond_base() > kMaxGarbageBytes) lua_gc(lua_, LUA_GCCOLLECT);
  if (text_.capacity() > kMaxKeptScratchBytes) std::string().swap(text_);
  value_.Clear();
  record_ = nullptr;
  sync_ = nullptr;
  return ending;
}

Ending Interpreter::Conclude(int status) {
  if (status == LUA_OK || ending_.kind != Ending::Kind::kDone) return std::move(ending_);
  size_t size = 0;
  const char* const text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tolstring(lua_, -1, &size) : nullptr;
  absl::string_view message(text == nullptr ? "" : text, size);
  Meter::Break broken = meter_.broken();
  // Lua's buffers say it in words.
  if (broken == Meter::Break::kNone && (status == LUA_ERRMEM || message == "not enough memory"))
    broken = Meter::Break::kMemory;
  is_spent_ = broken != Meter::Break::kNone || status == LUA_ERRERR;
  if (broken == Meter::Break::kMemory) return Failed(meter_.Describe(broken), meter_.refused_line());
  if (broken != Meter::Break::kNone) return Failed(meter_.Describe(broken), meter_.broken_line());
  if (text == nullptr) {
    return Failed(absl::StrCat("got an error of a ", TypeName(lua_, -1), ", want error() with a text"),
                  error_line_);
  }
  const int line = TakeLine(&message);
  return Failed(std::string(message), line > 0 ? line : error_line_);
}

Ending Interpreter::Failed(std::string message, int line) {
  ending_.kind = Ending::Kind::kFailed;
  ending_.message = WithLine(message, line);
  ending_.line = line;
  return std::move(ending_);
}

void Interpreter::Fail(std::initializer_list<absl::string_view> pieces) {
  std::string said;
  for (const absl::string_view piece : pieces) absl::StrAppend(&said, piece);
  text_.swap(said);
  std::string().swap(said);  // the jump below frees nothing
  FailWithText();
}

void Interpreter::FailWithText(absl::string_view field) {
  ending_.field = Readable(field);
  lua_pushlstring(lua_, text_.data(), std::min(text_.size(), 2 * kMaxMessageBytes));
  lua_error(lua_);
  std::abort();  // lua_error does not come back
}

void Interpreter::End(Ending::Kind kind, absl::string_view message, absl::string_view field) {
  ending_.kind = kind;
  ending_.message = Readable(message);
  ending_.field = Readable(field);
  ending_.line = CurrentLine(lua_);
  lua_pushlightuserdata(lua_, this);
  lua_error(lua_);
  std::abort();  // lua_error does not come back
}

}  // namespace cognate::script
