// Asks a source's database what time it is.
#pragma once

#include "absl/status/status.h"
#include "common/postgres/connection.h"
#include "services/change_capture/postgres_source/context.h"

namespace cognate::change_capture {

// Each exchange is one small query. What they give is in context.clock.
absl::Status MeasureClock(PostgresSourceContext& context, postgres::Connection& source, int exchanges);
// Tells of it where a source's state is shown, and what was out of bounds since the last time.
absl::Status ReportClock(PostgresSourceContext& context);

}  // namespace cognate::change_capture
