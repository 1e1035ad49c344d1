#include "common/script/meter.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include <time.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/script/interpreter.h"

namespace cognate::script {
namespace {

constexpr int kPeriod = 1000;
// One instruction that compares, hashes or hands on a long text takes as long as many others: with such texts
// about the hook comes more often. Sizes and periods are such that the hook is never more than some 50 ms
// late.
constexpr size_t kLongText = 4 << 10, kVeryLongText = 64 << 10;
constexpr int kPeriodWithLongText = 100, kPeriodWithVeryLongText = 1;
constexpr size_t kCostBetweenLooks = 64 << 10, kCostOfAnAllocation = 64;
// An automaton makes about 100 of its steps in a microsecond: one match takes at most three times the limit.
constexpr int64_t kNanosecondsPerPatternStep = 5;
constexpr int64_t kLongestTime = 3'600'000'000'000;  // so that sums do not overflow

int64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string Size(size_t bytes) {
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return absl::StrCat(bytes >> 20, " MiB");
  return absl::StrCat(bytes, " bytes");
}

}  // namespace

int CurrentLine(lua_State* lua) {
  lua_Debug record;
  for (int level = 0; level < 200 && lua_getstack(lua, level, &record) != 0; ++level) {
    lua_getinfo(lua, "l", &record);
    if (record.currentline > 0) return record.currentline;
  }
  return 0;
}

Meter::Meter(const Limits& limits)
    : limits_(limits),
      time_ns_(std::clamp<int64_t>(absl::ToInt64Nanoseconds(limits.time), 0, kLongestTime)),
      pattern_steps_(static_cast<size_t>(time_ns_ / kNanosecondsPerPatternStep)) {}

void* Meter::Allocate(void* self, void* block, size_t old_size, size_t new_size) {
  Meter& meter = *static_cast<Meter*>(self);
  const bool is_text = block == nullptr && old_size == LUA_TSTRING;
  if (block == nullptr) old_size = 0;  // it said what kind of object is wanted
  if (new_size == 0) {
    std::free(block);
    meter.held_ -= old_size;
    return nullptr;
  }
  if (new_size > old_size && meter.lua_ != nullptr && !meter.MayGrow(old_size, new_size)) return nullptr;
  void* const moved = std::realloc(block, new_size);
  // Lua relies on it that a block can shrink.
  if (moved == nullptr) return new_size <= old_size ? block : nullptr;
  meter.held_ = meter.held_ - old_size + new_size;
  if (meter.lua_ != nullptr) meter.peak_ = std::max(meter.peak_, meter.held_);
  if (is_text) meter.WatchLargeText(new_size);
  return moved;
}

bool Meter::MayGrow(size_t old_size, size_t new_size) {
  allocation_cost_ += kCostOfAnAllocation + (new_size - old_size);
  if (allocation_cost_ >= kCostBetweenLooks) {
    allocation_cost_ = 0;
    if (broken_ == Break::kNone && IsOverdue()) {
      broken_ = Break::kTime;
      broken_line_ = CurrentLine(lua_);
    }
  }
  if (broken_ == Break::kTime) return false;
  const size_t most = base_ + limits_.memory_bytes;
  const size_t others = held_ - old_size;
  if (most >= limits_.memory_bytes && (others > most || new_size > most - others)) {
    refused_line_ = CurrentLine(lua_);
    return false;
  }
  return true;
}

void Meter::WatchLargeText(size_t bytes) {
  if (lua_ == nullptr) {
    constant_size_ = std::max(constant_size_, bytes);
    return;
  }
  const int period = bytes >= kVeryLongText ? kPeriodWithVeryLongText
                     : bytes >= kLongText   ? kPeriodWithLongText
                                            : kPeriod;
  if (period >= period_) return;
  period_ = period;
  lua_sethook(lua_, Hook, LUA_MASKCOUNT, period_);  // allowed at any moment, even in a signal handler
}

void Meter::Start(lua_State* lua) {
  written_ = 0;
  collected_at_ = 0;
  allocation_cost_ = 0;
  instructions_ = 0;
  broken_ = Break::kNone;
  broken_line_ = refused_line_ = 0;
  started_cpu_ns_ = Nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  look_at_ns_ = Nanoseconds(CLOCK_MONOTONIC) + time_ns_;
  period_ = static_cast<int>(std::clamp<int64_t>(limits_.instructions, 1, kPeriod));
  lua_ = lua;
  lua_sethook(lua_, Hook, LUA_MASKCOUNT, period_);
  WatchLargeText(constant_size_);
}

void Meter::Stop() { lua_ = nullptr; }

bool Meter::IsOverdue() {
  const int64_t now = Nanoseconds(CLOCK_MONOTONIC);
  if (now < look_at_ns_) return false;
  // Only the processor's time counts, but the other clock is ten times as cheap and never behind it.
  const int64_t used = Nanoseconds(CLOCK_THREAD_CPUTIME_ID) - started_cpu_ns_;
  if (used >= time_ns_) return true;
  look_at_ns_ = now + (time_ns_ - used);
  return false;
}

void Meter::CheckTime(lua_State* lua) {
  if (IsOverdue()) Raise(lua, Break::kTime);
}

void Meter::MakeRoom(lua_State* lua) {
  const size_t held = held_beyond_base();
  if (held < limits_.memory_bytes / 2 || held < collected_at_ + limits_.memory_bytes / 8) return;
  lua_gc(lua, LUA_GCCOLLECT);
  collected_at_ = held_beyond_base();
}

void Meter::Hook(lua_State* lua, lua_Debug*) {
  Meter& meter = Interpreter::Of(lua).meter();
  meter.instructions_ += meter.period_;
  if (meter.instructions_ > meter.limits_.instructions) meter.Raise(lua, Break::kInstructions);
  meter.CheckTime(lua);
}

void Meter::Raise(lua_State* lua, Break broken) {
  if (broken_ == Break::kNone) {
    broken_ = broken;
    broken_line_ = CurrentLine(lua);
  }
  lua_pushlightuserdata(lua, this);
  lua_error(lua);
  std::abort();  // lua_error does not come back
}

std::string Meter::Describe(Break broken) const {
  switch (broken) {
    case Break::kMemory:
      return absl::StrCat("more than ", Size(limits_.memory_bytes),
                          " of memory; hold less at once, or give the work to a declarative step");
    case Break::kInstructions:
      return absl::StrCat("more than ", limits_.instructions,
                          " instructions; look for a loop that does not end, or do less for each record");
    case Break::kTime:
      return absl::StrCat(
          "more than ", absl::FormatDuration(limits_.time),
          " of processor time; do less for each record, or use shorter texts and simpler patterns");
    case Break::kNone:
      break;
  }
  return "";
}

}  // namespace cognate::script
