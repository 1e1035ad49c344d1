#include "common/log/line.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/log/redact.h"

namespace cognate::log {
namespace {

constexpr absl::string_view kPlaceKeys[] = {"service", "method",   "code", "reason",
                                            "stage",   "platform", "name"};

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

bool Has(const Event& event, absl::string_view key) {
  return std::any_of(event.fields.begin(), event.fields.end(),
                     [&](const Field& field) { return field.key() == key; });
}

// By which lines are found that belong together; what the fields do not say themselves.
std::string RequestIdOf(const Event& event) {
  return Has(event, "request_id") ? "" : std::string(event.request_id);
}
std::string TraceIdOf(const Event& event) {
  return event.trace.valid() && !Has(event, "trace_id") ? trace::TraceIdText(event.trace) : "";
}

std::string Quoted(absl::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  });
  return plain ? std::string(text) : absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

std::string TextValue(const Field& field) {
  struct Visitor {
    absl::string_view key;
    std::string operator()(absl::string_view text) const { return Quoted(Shown(key, text)); }
    std::string operator()(const std::string& text) const { return Quoted(Shown(key, text)); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(double number) const { return absl::StrFormat("%.6g", number); }
    std::string operator()(int64_t number) const { return absl::StrCat(number); }
    std::string operator()(uint64_t number) const { return absl::StrCat(number); }
  };
  return std::visit(Visitor{field.key()}, field.value());
}

nlohmann::ordered_json JsonValue(const Field& field) {
  struct Visitor {
    absl::string_view key;
    nlohmann::ordered_json operator()(absl::string_view text) const { return Shown(key, text); }
    nlohmann::ordered_json operator()(const std::string& text) const { return Shown(key, text); }
    nlohmann::ordered_json operator()(bool flag) const { return flag; }
    nlohmann::ordered_json operator()(double number) const { return number; }
    nlohmann::ordered_json operator()(int64_t number) const { return number; }
    nlohmann::ordered_json operator()(uint64_t number) const { return number; }
  };
  return std::visit(Visitor{field.key()}, field.value());
}

}  // namespace

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "info";
}

std::string TextLine(const Event& event) {
  std::string line =
      absl::StrCat(Timestamp(event.time), " ", LevelName(event.level), " ", MaskSecrets(event.message));
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (!event.service.empty() && !Has(event, "service"))
    absl::StrAppend(&line, " service=", Quoted(event.service));
  for (const Field& field : event.fields) absl::StrAppend(&line, " ", field.key(), "=", TextValue(field));
  if (const std::string id = RequestIdOf(event); !id.empty())
    absl::StrAppend(&line, " request_id=", Quoted(id));
  if (const std::string id = TraceIdOf(event); !id.empty()) absl::StrAppend(&line, " trace_id=", id);
  if (event.repeated > 0) absl::StrAppend(&line, " repeated=", event.repeated);
  return line;
}

std::string JsonLine(const Event& event) {
  nlohmann::ordered_json line;
  line["time"] = Timestamp(event.time);
  line["level"] = std::string(LevelName(event.level));
  line["message"] = MaskSecrets(event.message);
  if (!event.service.empty() && !Has(event, "service")) line["service"] = std::string(event.service);
  for (const Field& field : event.fields) line[std::string(field.key())] = JsonValue(field);
  if (std::string id = RequestIdOf(event); !id.empty()) line["request_id"] = std::move(id);
  if (std::string id = TraceIdOf(event); !id.empty()) line["trace_id"] = std::move(id);
  if (event.repeated > 0) line["repeated"] = event.repeated;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> PlacesOf(absl::Span<const Field> fields) {
  std::vector<std::pair<std::string, std::string>> places;
  for (const Field& field : fields) {
    const bool place =
        std::find(std::begin(kPlaceKeys), std::end(kPlaceKeys), field.key()) != std::end(kPlaceKeys);
    if (!place) continue;
    const nlohmann::ordered_json value = JsonValue(field);
    places.emplace_back(std::string(field.key()),
                        value.is_string()
                            ? value.get<std::string>()
                            : value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  return places;
}

std::string RepeatKey(Level level, absl::string_view message, absl::Span<const Field> fields) {
  std::string key = absl::StrCat(LevelName(level), "|", message);
  for (const auto& [name, value] : PlacesOf(fields)) absl::StrAppend(&key, "|", name, "=", value);
  return key;
}

}  // namespace cognate::log
