#include "common/log/log.h"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log/line.h"
#include "common/sync/mutex.h"
#include "common/trace/current.h"

namespace cognate::log {
namespace {

constexpr size_t kMaxRepeatKeys = 1024;

struct Repeats {
  absl::Time written;
  int64_t held_back = 0;
  Level level = Level::kWarn;
  std::string message = {};
  std::vector<std::pair<std::string, std::string>> places = {};
};

class Log {
 public:
  Log() : stderr_("cognate", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    stderr_.set_pattern("%v");
    stderr_.set_level(spdlog::level::trace);
    stderr_.flush_on(spdlog::level::trace);
  }

  void Init(Options options) {
    MutexLock lock(&mutex_);
    options_ = std::move(options);
    json_ =
        options_.format == Format::kJson || (options_.format == Format::kAuto && isatty(STDERR_FILENO) == 0);
    level_ = options_.level;
    repeats_.clear();
    next_count_ = absl::InfinitePast();
  }

  void SetLevel(Level level) { level_ = level; }
  Level level() const { return level_; }
  bool Enabled(Level level) const { return level >= level_; }

  void Write(Level level, absl::string_view message, absl::Span<const Field> fields) {
    if (!Enabled(level)) return;
    MutexLock lock(&mutex_);
    Event event = {.time = options_.now ? options_.now() : absl::Now(),
                   .level = level,
                   .message = message,
                   .service = options_.service,
                   .trace = trace::Now().span,
                   .request_id = trace::Now().request_id,
                   .fields = fields};
    if (level >= Level::kWarn && HoldBack(event)) return;
    if (event.time >= next_count_) SayCounts(event.time, /*all=*/false);
    Put(event);
  }

 private:
  void Put(const Event& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string line = json_ ? JsonLine(event) : TextLine(event);
    options_.sink ? options_.sink(line) : stderr_.log(spdlog::level::info, spdlog::string_view_t(line));
  }

  // Of what has not come again since its window was over, so that no count is kept to itself.
  void SayCounts(absl::Time now, bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    next_count_ = now + options_.repeat_window;
    for (auto entry = repeats_.begin(); entry != repeats_.end();) {
      const Repeats& repeats = entry->second;
      if (!all && now - repeats.written < options_.repeat_window) {
        ++entry;
        continue;
      }
      if (repeats.held_back > 0) {
        std::vector<Field> fields;
        for (const auto& [name, value] : repeats.places) fields.emplace_back(name, value);
        Put({.time = now,
             .level = repeats.level,
             .message = repeats.message,
             .service = options_.service,
             .trace = {},
             .request_id = {},
             .fields = fields,
             .repeated = repeats.held_back});
      }
      repeats_.erase(entry++);
    }
  }

  // True if one like it was written a moment ago; otherwise says in the event how many were not written
  // since.
  bool HoldBack(Event& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (repeats_.size() >= kMaxRepeatKeys) SayCounts(event.time, /*all=*/true);
    const auto [entry, first] = repeats_.try_emplace(RepeatKey(event.level, event.message, event.fields));
    Repeats& repeats = entry->second;
    if (!first && event.time - repeats.written < options_.repeat_window) {
      ++repeats.held_back;
      return true;
    }
    event.repeated = repeats.held_back;
    repeats = {.written = event.time,
               .level = event.level,
               .message = std::string(event.message),
               .places = PlacesOf(event.fields)};
    return false;
  }

  absl::Time next_count_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::atomic<Level> level_ = Level::kInfo;
  Mutex mutex_;
  Options options_ ABSL_GUARDED_BY(mutex_);
  bool json_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<std::string, Repeats> repeats_ ABSL_GUARDED_BY(mutex_);
  spdlog::logger stderr_;
};

// Never destroyed: threads that end late may still write.
Log& TheLog() {
  static Log* const log = new Log();
  return *log;
}

}  // namespace

absl::Status ParseLevel(absl::string_view text, Level* level) {
  for (const Level candidate : {Level::kDebug, Level::kInfo, Level::kWarn, Level::kError}) {
    if (text != LevelName(candidate)) continue;
    *level = candidate;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("got \"", text, "\", want debug, info, warn or error"));
}

absl::Status ParseFormat(absl::string_view text, Format* format) {
  if (text == "auto") return *format = Format::kAuto, absl::OkStatus();
  if (text == "text") return *format = Format::kText, absl::OkStatus();
  if (text == "json") return *format = Format::kJson, absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("got \"", text, "\", want auto, text or json"));
}

Field::Field(absl::string_view key, absl::Duration duration)
    : key_(key), value_(absl::ToDoubleMilliseconds(duration)) {}
Field::Field(absl::string_view key, absl::Time time)
    : key_(key), value_(absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone())) {}
Field::Field(absl::string_view key, const absl::Status& status)
    : key_(key),
      value_(status.ok() ? std::string("OK")
                         : absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message())) {}

void Init(Options options) { TheLog().Init(std::move(options)); }
void SetLevel(Level level) { TheLog().SetLevel(level); }
Level GetLevel() { return TheLog().level(); }
absl::string_view Name(Level level) { return LevelName(level); }
bool Enabled(Level level) { return TheLog().Enabled(level); }

void Write(Level level, absl::string_view message, absl::Span<const Field> fields) {
  TheLog().Write(level, message, fields);
}
void Debug(absl::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kDebug, message, fields);
}
void Info(absl::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kInfo, message, fields);
}
void Warn(absl::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kWarn, message, fields);
}
void Error(absl::string_view message, std::initializer_list<Field> fields) {
  Write(Level::kError, message, fields);
}

}  // namespace cognate::log
