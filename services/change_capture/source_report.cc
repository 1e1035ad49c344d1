// What SourceStore says of sources to people: states, and clocks.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/source_store.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kSelectSources = {"source_select", R"sql(
    SELECT platform, state, error, confirmed_position, lag_bytes, update_time, clock_offset_us, clock_error_us,
           out_of_bounds_count, out_of_bounds, out_of_bounds_at
    FROM sources
    WHERE $1 = '' OR platform = $1
    ORDER BY platform
)sql"};

const postgres::Statement kSelectModelStates = {"source_select_model_states", R"sql(
    SELECT platform, model, snapshot_complete, snapshot_row_count, obstacle
    FROM source_models
    WHERE $1 = '' OR platform = $1
    ORDER BY platform, model
)sql"};

const postgres::Statement kReportClock = {"source_report_clock", R"sql(
    UPDATE sources
    SET clock_offset_us = $2, clock_error_us = $3, out_of_bounds_count = out_of_bounds_count + $4,
        out_of_bounds = CASE WHEN $4 > 0 THEN $5 ELSE out_of_bounds END,
        out_of_bounds_at = coalesce($6, out_of_bounds_at)
    WHERE platform = $1
)sql"};

const postgres::Statement kAddAgent = {"source_add_agent", R"sql(
    INSERT INTO sources AS s (platform, state, update_time)
    VALUES ($1, $2, $3)
    ON CONFLICT (platform) DO UPDATE SET state = $2, error = '', update_time = $3
)sql"};

const postgres::Statement kSelectAgents = {"source_select_agents", R"sql(
    SELECT platform FROM sources WHERE state = $1 ORDER BY platform
)sql"};

// What has become a database's meanwhile stays.
const postgres::Statement kForgetAgent = {"source_forget_agent", R"sql(
    DELETE FROM sources WHERE platform = $1 AND state = $2 AND system_identifier = ''
)sql"};

google::protobuf::Duration MicrosToDuration(int64_t micros) {
  google::protobuf::Duration duration;
  duration.set_seconds(micros / 1'000'000);
  duration.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
  return duration;
}

std::optional<int64_t> Micros(const std::optional<absl::Duration>& duration) {
  if (!duration) return std::nullopt;
  return absl::ToInt64Microseconds(*duration);
}

void SetClock(const postgres::Rows& rows, int row, v1::Source* source) {
  if (!rows.IsNull(row, 6)) *source->mutable_clock_offset() = MicrosToDuration(rows.GetInt64(row, 6));
  if (!rows.IsNull(row, 7)) *source->mutable_clock_error() = MicrosToDuration(rows.GetInt64(row, 7));
  source->set_out_of_bounds_count(rows.GetInt64(row, 8));
  source->set_out_of_bounds(std::string(rows.GetText(row, 9)));
  if (!rows.IsNull(row, 10)) *source->mutable_out_of_bounds_time() = ToTimestamp(rows.GetTimestamp(row, 10));
}

v1::Source SourceFromRow(const postgres::Rows& rows, int row) {
  v1::Source source;
  source.set_platform(std::string(rows.GetText(row, 0)));
  source.set_state(static_cast<v1::SourceState>(rows.GetInt32(row, 1)));
  source.set_error(std::string(rows.GetText(row, 2)));
  const int64_t position = rows.GetInt64(row, 3);
  if (position != 0) source.set_confirmed_position(pgoutput::FormatLsn(static_cast<pgoutput::Lsn>(position)));
  source.set_lag_bytes(rows.GetInt64(row, 4));
  *source.mutable_update_time() = ToTimestamp(rows.GetTimestamp(row, 5));
  SetClock(rows, row, &source);
  return source;
}

void AddModel(const postgres::Rows& rows, int row, v1::Source* source) {
  v1::SourceModel& model = *source->add_models();
  model.set_model(std::string(rows.GetText(row, 1)));
  model.set_snapshot_complete(rows.GetBool(row, 2));
  model.set_snapshot_row_count(rows.GetInt64(row, 3));
  model.set_obstacle(std::string(rows.GetText(row, 4)));
}

absl::Status WriteClock(postgres::Transaction& transaction, absl::string_view platform,
                        const ClockReport& report) {
  postgres::Params params;
  params.AddText(platform)
      .AddInt64(Micros(report.measured ? std::optional(report.measured->offset) : std::nullopt))
      .AddInt64(Micros(report.measured ? report.measured->error : std::nullopt))
      .AddInt64(report.out_of_bounds_count)
      .AddText(report.out_of_bounds)
      .AddTimestamp(report.out_of_bounds_time);
  return transaction.Query(kReportClock, params).status();
}

}  // namespace

void ClockReport::AddOutOfBounds(absl::string_view what, absl::Time stamp, absl::Time received) {
  ++out_of_bounds_count;
  out_of_bounds =
      absl::StrCat(what, " says ", absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", stamp, absl::UTCTimeZone()));
  out_of_bounds_time = received;
}

absl::StatusOr<std::vector<v1::Source>> SourceStore::List(absl::string_view platform) {
  std::vector<v1::Source> sources;
  RETURN_IF_ERROR(pool_.InTransaction("source_list", [&](postgres::Transaction& transaction) -> absl::Status {
    const postgres::Params params = postgres::Params().AddText(platform);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectSources, params));
    ASSIGN_OR_RETURN(const postgres::Rows models, transaction.Query(kSelectModelStates, params));
    sources.clear();
    int next = 0;
    for (int i = 0; i < rows.size(); ++i) {
      sources.push_back(SourceFromRow(rows, i));
      while (next < models.size() && models.GetText(next, 0) < rows.GetText(i, 0)) ++next;
      for (; next < models.size() && models.GetText(next, 0) == rows.GetText(i, 0); ++next) {
        AddModel(models, next, &sources.back());
      }
    }
    return absl::OkStatus();
  }));
  return sources;
}

absl::Status SourceStore::ReportClock(absl::string_view platform, const ClockReport& report) {
  return pool_.Run("source_report_clock", [&](postgres::Transaction& transaction) {
    return WriteClock(transaction, platform, report);
  });
}

absl::Status SourceStore::ReportAgent(absl::string_view platform, const ClockReport& report, absl::Time now) {
  return pool_.InTransaction("source_report_agent", [&](postgres::Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(
        transaction
            .Query(kAddAgent,
                   postgres::Params().AddText(platform).AddInt32(v1::SOURCE_STATE_AGENT).AddTimestamp(now))
            .status());
    return WriteClock(transaction, platform, report);
  });
}

absl::StatusOr<std::vector<std::string>> SourceStore::Agents() {
  std::vector<std::string> platforms;
  RETURN_IF_ERROR(pool_.Run("source_agents", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows,
                     transaction.Query(kSelectAgents, postgres::Params().AddInt32(v1::SOURCE_STATE_AGENT)));
    platforms.clear();
    for (int i = 0; i < rows.size(); ++i) platforms.emplace_back(rows.GetText(i, 0));
    return absl::OkStatus();
  }));
  return platforms;
}

absl::Status SourceStore::ForgetAgent(absl::string_view platform) {
  return pool_.Run("source_forget_agent", [&](postgres::Transaction& transaction) {
    return transaction
        .Query(kForgetAgent, postgres::Params().AddText(platform).AddInt32(v1::SOURCE_STATE_AGENT))
        .status();
  });
}

}  // namespace cognate::change_capture
