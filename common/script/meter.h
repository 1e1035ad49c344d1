// What a run uses up, and the end of a run that uses too much: memory by the interpreter's allocator,
// instructions by its count hook, and processor time by both and by every library function that can take
// long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/script/script.h"
#include "lua.hpp"

namespace cognate::script {

// The line that runs now, of the innermost function that is the script's own; 0 if there is none. Allocates
// nothing.
int CurrentLine(lua_State* lua);

class Meter {
 public:
  enum class Break { kNone, kMemory, kInstructions, kTime };

  explicit Meter(const Limits& limits);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // For lua_newstate, with the meter as `self`.
  static void* Allocate(void* self, void* block, size_t old_size, size_t new_size);

  // What is held now does not count from here on.
  void TakeBase() { base_ = held_; }
  // The limits hold between Start and Stop.
  void Start(lua_State* lua);
  void Stop();

  // Raises a Lua error when the time is up. Costs 20 ns.
  void CheckTime(lua_State* lua);
  // The same for the bodies of loops: looks at the clock every 1,024th time.
  void Tick(lua_State* lua) {
    if ((++ticks_ & 1023) == 0) CheckTime(lua);
  }
  // Buffers of Lua's own library cannot wait for the garbage collector: makes room before one is used.
  void MakeRoom(lua_State* lua);
  // Raises a Lua error if the values that this run writes exceed the limit, `bytes` more counted.
  bool HasRoomToWrite(size_t bytes) const { return bytes <= limits_.memory_bytes - written_; }
  void CountWritten(size_t bytes) { written_ += bytes; }

  // A limit that ended the run. kMemory only if the run did end by a lack of memory: the collector may have
  // helped.
  Break broken() const { return broken_; }
  void set_broken(Break broken) { broken_ = broken; }
  // Where memory was refused last.
  int refused_line() const { return refused_line_; }
  int broken_line() const { return broken_line_; }
  size_t held_beyond_base() const { return held_ > base_ ? held_ - base_ : 0; }
  // The most that was ever held in a run.
  size_t peak_beyond_base() const { return peak_ > base_ ? peak_ - base_ : 0; }
  const Limits& limits() const { return limits_; }
  // `more than 1000000 instructions; …`
  std::string Describe(Break broken) const;
  // How far one match of a pattern may go: instructions of the pattern times bytes of the text.
  size_t pattern_steps() const { return pattern_steps_; }

 private:
  static void Hook(lua_State* lua, lua_Debug* record);
  [[noreturn]] void Raise(lua_State* lua, Break broken);
  bool MayGrow(size_t old_size, size_t new_size);
  void WatchLargeText(size_t bytes);
  bool IsOverdue();

  const Limits limits_;
  const int64_t time_ns_;
  const size_t pattern_steps_;
  lua_State* lua_ = nullptr;  // only between Start and Stop
  size_t held_ = 0;
  size_t base_ = 0;
  size_t peak_ = 0;
  size_t written_ = 0;
  size_t collected_at_ = 0;   // what was held after MakeRoom collected
  size_t constant_size_ = 0;  // the largest text that the script itself holds
  size_t allocation_cost_ = 0;
  uint32_t ticks_ = 0;
  int period_ = 0;  // instructions between two calls of the hook
  int64_t instructions_ = 0;
  int64_t started_cpu_ns_ = 0;
  int64_t look_at_ns_ = 0;  // when the processor time has to be looked at again
  Break broken_ = Break::kNone;
  int broken_line_ = 0;
  int refused_line_ = 0;
};

}  // namespace cognate::script
