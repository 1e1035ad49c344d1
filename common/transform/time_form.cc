#include "common/transform/time_form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/transform/compiler.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

constexpr size_t kMaxFormatBytes = 200;
constexpr size_t kMaxTextBytes = 1'000;
constexpr absl::string_view kConversions = "aAbBcCdDeFgGhHIjklmMnprRsStTuUVwWxXyYzZ%";

struct Conversion {
  char letter;
  absl::string_view modifier;  // `E`, `E*`, `E4`, `:`
};

// The next conversion of a format; nullopt at its end, or where it is none that is known, with `rest` there.
std::optional<Conversion> Next(absl::string_view* rest) {
  const size_t percent = rest->find('%');
  if (percent == absl::string_view::npos) {
    *rest = "";
    return std::nullopt;
  }
  const absl::string_view after = rest->substr(percent + 1);
  size_t letter = 0;
  if (absl::StartsWith(after, "E") || absl::StartsWith(after, ":")) {
    letter = 1;
    while (letter < after.size() && (absl::ascii_isdigit(static_cast<unsigned char>(after[letter])) ||
                                     after[letter] == '*' || after[letter] == '#')) {
      ++letter;
    }
  }
  const absl::string_view modifier = after.substr(0, letter);
  const bool is_plain = letter < after.size() && kConversions.find(after[letter]) != absl::string_view::npos;
  const bool is_known =
      letter < after.size() && (modifier.empty()   ? is_plain
                                : modifier == ":"  ? after[letter] == 'z'
                                : modifier == "E"  ? absl::StrContains("zTcCxXyY", after[letter])
                                : modifier == "E4" ? absl::StrContains("YSf", after[letter])
                                : modifier == "E*" ? absl::StrContains("zSf", after[letter])
                                                   : absl::StrContains("Sf", after[letter]));
  if (!is_known) {
    *rest = rest->substr(percent);
    return std::nullopt;
  }
  *rest = after.substr(letter + 1);
  return Conversion{after[letter], modifier};
}

bool SaysZone(absl::string_view format) {
  while (!format.empty()) {
    const std::optional<Conversion> conversion = Next(&format);
    if (!conversion.has_value()) return false;
    if (conversion->letter == 'z' || conversion->letter == 's') return true;
  }
  return false;
}

std::string CheckFormat(const std::string& format, bool is_read) {
  if (format.empty() || format.size() > kMaxFormatBytes) {
    return StrCat("got ", format.size(), " bytes, want 1 to ", kMaxFormatBytes);
  }
  for (absl::string_view rest = format; !rest.empty();) {
    if (!Next(&rest).has_value() && !rest.empty()) {
      return StrCat("got ", rest.substr(0, 3),
                    ", want a conversion such as %Y, %m, %d, %H, %M or %S; %% is one %");
    }
  }
  if (!is_read) return "";
  const absl::Time sample = absl::FromUnixSeconds(1'772'286'303);  // 2026-02-28 13:45:03
  const std::string text = absl::FormatTime(format, sample, absl::UTCTimeZone());
  absl::Time read;
  std::string error;
  const absl::CivilDay day(2026, 2, 28);
  if (!absl::ParseTime(format, text, absl::UTCTimeZone(), &read, &error) ||
      absl::ToCivilDay(read, absl::UTCTimeZone()) != day) {
    return StrCat("got \"", format,
                  "\", which does not say which day it is, want one that does, such as %d.%m.%Y");
  }
  return "";
}

bool IsInRange(absl::Time time) {
  return time >= absl::FromCivil(absl::CivilDay(1, 1, 1), absl::UTCTimeZone()) &&
         time < absl::FromCivil(absl::CivilDay(10000, 1, 1), absl::UTCTimeZone());
}

}  // namespace

bool SaysTimeOfDay(absl::string_view format) {
  while (!format.empty()) {
    const std::optional<Conversion> conversion = Next(&format);
    if (!conversion.has_value()) return false;
    if (absl::StrContains("cHIklMprRsSTXf", conversion->letter)) return true;
  }
  return false;
}

std::optional<TimeForm> TimeForm::Compile(const v1::TimeForm& form, bool is_read, FieldViolation* violation) {
  if (form.form_case() == v1::TimeForm::FORM_NOT_SET) {
    *violation = {"", "got no form, want timestamp, date, unix_seconds, unix_milliseconds or format"};
    return std::nullopt;
  }
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!form.time_zone().empty() && !absl::LoadTimeZone(form.time_zone(), &zone)) {
    *violation = {"time_zone", GotWant(form.time_zone(), "an IANA time zone such as Europe/Berlin")};
    return std::nullopt;
  }
  TimeForm compiled(form, zone);
  if (form.form_case() == v1::TimeForm::kFormat) {
    if (const std::string wrong = CheckFormat(form.format(), is_read); !wrong.empty()) {
      *violation = {"format", wrong};
      return std::nullopt;
    }
    compiled.has_zone_ = SaysZone(form.format());
    compiled.has_time_of_day_ = SaysTimeOfDay(form.format());
  }
  return compiled;
}

TypeSet TimeForm::types() const {
  switch (form_.form_case()) {
    case v1::TimeForm::kTimestamp:
      return kTimes | kTexts;
    case v1::TimeForm::kDate:
      return Only(v1::FIELD_TYPE_DATE) | kTexts;
    case v1::TimeForm::kFormat:
      return kTexts;
    default:
      return Only(v1::FIELD_TYPE_INTEGER);
  }
}

v1::ModelField TimeForm::holds() const {
  switch (form_.form_case()) {
    case v1::TimeForm::kTimestamp:
      return FieldOf(v1::FIELD_TYPE_TIMESTAMP);
    case v1::TimeForm::kDate:
      return FieldOf(v1::FIELD_TYPE_DATE);
    case v1::TimeForm::kFormat:
      return TextField();
    default:
      return IntegerField();
  }
}

std::string TimeForm::want() const {
  switch (form_.form_case()) {
    case v1::TimeForm::kTimestamp:
      return "a point in time such as 2026-02-28T13:45:00Z or 2026-02-28 13:45:00";
    case v1::TimeForm::kDate:
      return "a date such as 2026-02-28";
    case v1::TimeForm::kUnixSeconds:
      return "an integer, the seconds since 1970, up to the year 9999";
    case v1::TimeForm::kUnixMilliseconds:
      return "an integer, the milliseconds since 1970, up to the year 9999";
    default:
      return StrCat("a text in the form \"", form_.format(), "\"");
  }
}

Failure TimeForm::NotATime(const Value& value) const {
  return {"NOT_A_TIME", StrCat("got ", value::Describe(value), ", want ", want(),
                               "; correct it at the source, or say another form")};
}

Failed TimeForm::FromLocal(const Value& value, absl::CivilSecond local, absl::Duration fraction, bool is_day,
                           absl::Time* time) const {
  const absl::TimeZone::TimeInfo info = zone_.At(local);
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
    if (!is_day) {
      return Failure{"NO_SUCH_TIME", StrCat("got ", value::Describe(value), ", which the clocks of ",
                                            zone_.name(), " skip, want a time that they show")};
    }
    *time = info.trans;  // the day begins when the clocks have gone over midnight
    return std::nullopt;
  }
  *time = info.pre + fraction;  // of a time that is there twice the first
  return std::nullopt;
}

Failed TimeForm::ReadText(const Value& value, absl::Time* time) const {
  const std::string& text = value.text_value();
  if (text.size() > kMaxTextBytes) return NotATime(value);
  // A zone of its own forbids another one.
  if (const std::optional<int64_t> local = value::ParseTimestamp(StrCat(text, "Z")); local.has_value()) {
    const absl::Time utc = absl::FromUnixMicros(*local);
    const absl::CivilSecond second = absl::ToCivilSecond(utc, absl::UTCTimeZone());
    return FromLocal(value, second, utc - absl::FromCivil(second, absl::UTCTimeZone()), false, time);
  }
  const std::optional<int64_t> micros = value::ParseTimestamp(text);
  if (!micros.has_value()) return NotATime(value);
  *time = absl::FromUnixMicros(*micros);
  return std::nullopt;
}

Failed TimeForm::ReadFormat(const Value& value, absl::Time* time) const {
  std::string error;
  const std::string& text = value.text_value();
  if (text.size() > kMaxTextBytes ||
      !absl::ParseTime(form_.format(), text, absl::UTCTimeZone(), time, &error) || !IsInRange(*time)) {
    return NotATime(value);
  }
  if (has_zone_) return std::nullopt;
  const absl::CivilSecond second = absl::ToCivilSecond(*time, absl::UTCTimeZone());
  const absl::Duration fraction = *time - absl::FromCivil(second, absl::UTCTimeZone());
  return FromLocal(value, second, fraction, !has_time_of_day_, time);
}

Failed TimeForm::Read(const Value& value, bool is_local, absl::Time* time) const {
  const v1::TimeForm::FormCase form = form_.form_case();
  if (value.has_text_value() && form == v1::TimeForm::kTimestamp) return ReadText(value, time);
  if (value.has_text_value() && form == v1::TimeForm::kFormat) return ReadFormat(value, time);
  if (value.has_timestamp_value() && form == v1::TimeForm::kTimestamp) {
    *time = absl::FromUnixMicros(value::MicrosOf(value.timestamp_value()));
    if (!is_local) return std::nullopt;
    const absl::CivilSecond second = absl::ToCivilSecond(*time, absl::UTCTimeZone());
    return FromLocal(value, second, *time - absl::FromCivil(second, absl::UTCTimeZone()), false, time);
  }
  if ((value.has_date_value() || value.has_text_value()) && form == v1::TimeForm::kDate) {
    const std::optional<int64_t> midnight =
        value::ParseDate(value.has_date_value() ? value.date_value() : value.text_value());
    if (!midnight.has_value()) return NotATime(value);
    const absl::Time utc = absl::FromUnixMicros(*midnight);
    return FromLocal(value, absl::ToCivilSecond(utc, absl::UTCTimeZone()), absl::ZeroDuration(), true, time);
  }
  if (value.has_int64_value() &&
      (form == v1::TimeForm::kUnixSeconds || form == v1::TimeForm::kUnixMilliseconds)) {
    *time = form == v1::TimeForm::kUnixSeconds ? absl::FromUnixSeconds(value.int64_value())
                                               : absl::FromUnixMillis(value.int64_value());
    return IsInRange(*time) ? std::nullopt : Failed(NotATime(value));
  }
  return NotATime(value);
}

Failed TimeForm::Write(absl::Time time, Value* to) const {
  switch (form_.form_case()) {
    case v1::TimeForm::kTimestamp:
      value::SetMicros(absl::ToUnixMicros(time), to->mutable_timestamp_value());
      return std::nullopt;
    case v1::TimeForm::kUnixSeconds:
      to->set_int64_value(absl::ToUnixSeconds(time));
      return std::nullopt;
    case v1::TimeForm::kUnixMilliseconds:
      to->set_int64_value(absl::ToUnixMillis(time));
      return std::nullopt;
    default:
      break;
  }
  if (!IsInRange(time)) {
    return Failure{"NOT_A_TIME", StrCat("got ", absl::FormatTime(time, absl::UTCTimeZone()),
                                        ", want a time of the years 1 to 9999 to write ", want())};
  }
  if (form_.form_case() == v1::TimeForm::kDate) {
    to->set_date_value(absl::FormatTime("%E4Y-%m-%d", time, zone_));
  } else {
    to->set_text_value(absl::FormatTime(form_.format(), time, zone_));
  }
  return std::nullopt;
}

}  // namespace cognate::transform
