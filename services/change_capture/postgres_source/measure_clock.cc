#include "services/change_capture/postgres_source/measure_clock.h"

#include "common/log/log.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

// The time when the server answers; now() would be that of the transaction's begin.
constexpr char kServerTime[] = "SELECT clock_timestamp()";

}  // namespace

absl::Status MeasureClock(PostgresSourceContext& context, postgres::Connection& source, int exchanges) {
  RoundTripOffset& offset = context.clock.offset();
  const absl::Duration corrected_before = offset.correction();
  for (int i = 0; i < exchanges; ++i) {
    const absl::Time before = context.Now();
    ASSIGN_OR_RETURN(const postgres::Rows row, source.QueryOnce(kServerTime, postgres::Params()));
    offset.Add(before, row.GetTimestamp(0, 0), context.Now());
  }
  if (!offset.measured()) return absl::OkStatus();  // our own clock was set in the middle of it
  context.metrics.clock_offset.Set(absl::ToDoubleSeconds(offset.measured()->offset));
  if (absl::AbsDuration(offset.correction() - corrected_before) > absl::Seconds(1)) {
    log::Warn(
        "the clock of a source is off, or was set: times of its changes are corrected",
        {{"platform", context.platform}, {"ahead_seconds", absl::ToDoubleSeconds(offset.correction())}});
  }
  return absl::OkStatus();
}

absl::Status ReportClock(PostgresSourceContext& context) {
  const ClockReport& report = context.clock.report();
  RETURN_IF_ERROR(context.store.ReportClock(context.platform, report));
  context.metrics.out_of_bounds.Increment(static_cast<double>(report.out_of_bounds_count));
  context.clock.Told();
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
