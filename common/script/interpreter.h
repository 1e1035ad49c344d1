// One Lua state with the sandbox's libraries and one script. For one thread at a time.
//
// Lua is C: its errors jump over the frames between the place where they arise and lua_pcall. So no frame
// that calls Lua may own anything at that moment. What a library function has to own while it calls Lua lies
// here.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/script/meter.h"
#include "common/script/pattern_cache.h"
#include "common/script/script.h"
#include "lua.hpp"

namespace cognate::script {

class Interpreter {
 public:
  // INVALID_ARGUMENT `script line 3: …`. What Dump gave is loaded without another look at the text.
  static absl::StatusOr<std::unique_ptr<Interpreter>> FromText(absl::string_view source,
                                                               const Limits& limits);
  static absl::StatusOr<std::unique_ptr<Interpreter>> FromDump(absl::string_view dump, const Limits& limits);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string Dump() const;
  Ending Run(RecordAccess& record, const SyncFacts& sync);
  // It broke a limit: what it holds is not worth keeping.
  bool is_spent() const { return is_spent_; }

  static Interpreter& Of(lua_State* lua) { return **static_cast<Interpreter**>(lua_getextraspace(lua)); }

  // For the library functions.
  Meter& meter() { return meter_; }
  PatternCache& patterns() { return patterns_; }
  RecordAccess& record() { return *record_; }
  const SyncFacts& sync() const { return *sync_; }
  v1::Value& value() { return value_; }
  v1::Reference& reference() { return reference_; }
  std::string& text() { return text_; }
  // Raise an error: of these words, or of those that lie in text(). `field` is the field where it arose, if
  // any.
  [[noreturn]] void Fail(absl::string_view message) { Fail({message}); }
  [[noreturn]] void Fail(std::initializer_list<absl::string_view> pieces);
  [[noreturn]] void FailWithText(absl::string_view field = "");
  // Ends the run well (skip) or not so well (reject). The line is the current one.
  [[noreturn]] void End(Ending::Kind kind, absl::string_view message, absl::string_view field);

 private:
  explicit Interpreter(const Limits& limits) : meter_(limits) {}
  absl::Status Open();
  absl::Status LoadChunk(absl::string_view chunk, const char* mode);
  absl::Status LoadError() const;
  static int RunMain(lua_State* lua);
  static int NoteLine(lua_State* lua);
  Ending Conclude(int status);
  Ending Failed(std::string message, int line);

  Meter meter_;
  PatternCache patterns_;
  lua_State* lua_ = nullptr;
  RecordAccess* record_ = nullptr;
  const SyncFacts* sync_ = nullptr;
  Ending ending_;
  int error_line_ = 0;
  bool is_spent_ = false;
  v1::Value value_;
  v1::Reference reference_;
  std::string text_;
};

// Text that may stand in a message: UTF-8, at most 1,000 bytes.
std::string Readable(absl::string_view text);

}  // namespace cognate::script
