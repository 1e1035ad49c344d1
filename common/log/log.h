#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

// One line for each event: `time level message key=value …`, or the same as one JSON object when nobody is
// reading it on a terminal. Keys that every service spells the same: service, method, request_id, code,
// elapsed_ms.
//
//   log::Info("started", {{"service", "delivery"}, {"port", port}});
//
// All functions may be called from any thread, also before Init (then: info and above, as text, to stderr).
namespace cognate::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kAuto, kText, kJson };  // kAuto: text on a terminal, JSON elsewhere.

// "debug", "info", "warn", "error"; "auto", "text", "json". INVALID_ARGUMENT otherwise.
absl::Status ParseLevel(absl::string_view text, Level* level);
absl::string_view Name(Level level);
absl::Status ParseFormat(absl::string_view text, Format* format);

struct Options {
  Level level = Level::kInfo;
  Format format = Format::kAuto;
  std::string service = {};  // Added to every line that names no service itself, unless empty.
  // A warning or error that repeats within this time is counted, not written; the next one after it says
  // `repeated=n`, or where none comes, a line of its own before the next line of the log.
  absl::Duration repeat_window = absl::Seconds(10);
  std::function<void(absl::string_view line)> sink = {};  // Where lines go instead of stderr; for tests.
  std::function<absl::Time()> now = {};                   // absl::Now unless given.
};
void Init(Options options);
void SetLevel(Level level);
Level GetLevel();
bool Enabled(Level level);

// A key and a value. Holds views of strings: use it within one expression. Values under secret keys are not
// written (redact.h), nor are passwords inside of URIs.
class Field {
 public:
  using Value = std::variant<absl::string_view, std::string, int64_t, uint64_t, double, bool>;

  Field(absl::string_view key, absl::string_view text) : key_(key), value_(text) {}
  Field(absl::string_view key, const char* text) : key_(key), value_(absl::string_view(text)) {}
  Field(absl::string_view key, const std::string& text) : key_(key), value_(absl::string_view(text)) {}
  Field(absl::string_view key, bool flag) : key_(key), value_(flag) {}
  Field(absl::string_view key, double number) : key_(key), value_(number) {}
  template <std::signed_integral Number>
  Field(absl::string_view key, Number number) : key_(key), value_(static_cast<int64_t>(number)) {}
  template <std::unsigned_integral Number>
  requires(!std::same_as<Number, bool>) Field(absl::string_view key, Number number)
      : key_(key), value_(static_cast<uint64_t>(number)) {}
  Field(absl::string_view key, absl::Duration duration);     // In milliseconds; name the key `…_ms`.
  Field(absl::string_view key, absl::Time time);             // RFC 3339, UTC.
  Field(absl::string_view key, const absl::Status& status);  // `CODE: message`.

  absl::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  absl::string_view key_;
  Value value_;
};

void Debug(absl::string_view message, std::initializer_list<Field> fields = {});
void Info(absl::string_view message, std::initializer_list<Field> fields = {});
void Warn(absl::string_view message, std::initializer_list<Field> fields = {});
void Error(absl::string_view message, std::initializer_list<Field> fields = {});

// For fields that are put together first.
void Write(Level level, absl::string_view message, absl::Span<const Field> fields);

}  // namespace cognate::log
