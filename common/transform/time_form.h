// One written form of a time, compiled: reads values into points in time, and writes them.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/transform_types.pb.h"
#include "common/status/error.h"
#include "common/transform/known_field.h"
#include "common/transform/step.h"

namespace cognate::transform {

// Immutable, so thread safe.
class TimeForm {
 public:
  // With a violation whose path begins with the name of the part (`time_zone`, `format`).
  static std::optional<TimeForm> Compile(const v1::TimeForm& form, bool is_read, FieldViolation* violation);

  // Field types that it may be read from, and what it is written as.
  TypeSet types() const;
  v1::ModelField holds() const;
  // In words: `a date such as 2026-02-28`.
  std::string want() const;

  // `is_local`: a timestamp is the reading of a clock without a zone.
  Failed Read(const v1::Value& value, bool is_local, absl::Time* time) const;
  Failed Write(absl::Time time, v1::Value* to) const;

 private:
  TimeForm(const v1::TimeForm& form, absl::TimeZone zone) : form_(form), zone_(zone) {}

  Failed FromLocal(const v1::Value& value, absl::CivilSecond local, absl::Duration fraction, bool is_day,
                   absl::Time* time) const;
  Failed ReadText(const v1::Value& value, absl::Time* time) const;
  Failed ReadFormat(const v1::Value& value, absl::Time* time) const;
  Failure NotATime(const v1::Value& value) const;

  v1::TimeForm form_;
  absl::TimeZone zone_;
  bool has_zone_ = false;         // the format says the zone, or a point in time
  bool has_time_of_day_ = false;  // so does the format
};

// Whether a format of strftime says more than the day.
bool SaysTimeOfDay(absl::string_view format);

}  // namespace cognate::transform
