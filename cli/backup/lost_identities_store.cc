#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/backup/lost_identities.h"
#include "cognate/v1/platform.pb.h"
#include "common/secret/secret.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace cognate::cli {
namespace {

using postgres::Rows;

constexpr int kPage = 5'000;

constexpr char kTargets[] = R"sql(
    SELECT name, database_uri, password_file, password_environment, password_sealed::text
    FROM platform_registry.platforms
    WHERE channel = 'CHANNEL_SQL' AND database_uri IS NOT NULL
    ORDER BY name)sql";

constexpr char kInbox[] = R"sql(
    SELECT DISTINCT entity_id::text
    FROM cognate.inbox
    WHERE NOT deleted AND entity_id > $1::uuid
      AND written_at >= $2::timestamptz AND written_at <= $3::timestamptz
    ORDER BY 1
    LIMIT 5000)sql";

constexpr char kUnknown[] = R"sql(
    SELECT asked::text
    FROM unnest($1::uuid[]) AS asked
    WHERE NOT EXISTS (SELECT FROM platform_registry.replicas WHERE entity_id = asked))sql";

// As one whose record is gone: nothing will be said of it any more.
constexpr char kForget[] = R"sql(
    UPDATE cognate.inbox
    SET deleted = true
    WHERE entity_id = ANY ($1::uuid[]) AND NOT deleted
      AND written_at >= $2::timestamptz AND written_at <= $3::timestamptz)sql";

absl::StatusOr<std::unique_ptr<postgres::Connection>> Connect(const Rows& rows, int row) {
  v1::DatabaseConnection database;
  database.set_uri(std::string(rows.GetText(row, 1)));
  if (!rows.IsNull(row, 2)) database.mutable_password()->set_file(std::string(rows.GetText(row, 2)));
  if (!rows.IsNull(row, 3)) database.mutable_password()->set_environment(std::string(rows.GetText(row, 3)));
  if (!rows.IsNull(row, 4)) {
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        std::string(rows.GetText(row, 4)), database.mutable_password()->mutable_sealed());
    if (!parsed.ok()) return absl::InternalError("a sealed password cannot be read");
  }
  postgres::ConnectionOptions options;
  ASSIGN_OR_RETURN(options.uri, secret::ConnectionUri(database));
  options.application_name = "cognate-restore";
  return postgres::Connection::Open(options);
}

std::string ArrayOf(const Rows& rows) {
  std::vector<std::string> ids;
  for (int row = 0; row < rows.size(); ++row) ids.emplace_back(rows.GetText(row, 0));
  return absl::StrCat("{", absl::StrJoin(ids, ","), "}");
}

// The inbox' times are the target's own, and ours are of this database. Entities that are known here are
// never forgotten, so that too wide a span costs nothing but questions.
constexpr absl::Duration kMargin = absl::Minutes(1);

constexpr char kNow[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text";

absl::StatusOr<absl::Time> NowOf(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(kNow));
  int64_t micros = 0;
  if (!absl::SimpleAtoi(rows.GetText(0, 0), &micros)) return absl::InternalError("no time");
  return absl::FromUnixMicros(micros);
}

struct Span {
  std::string from;
  std::string until;
};

// The time in question, by the target's clock.
absl::StatusOr<Span> SpanOn(postgres::Connection& own, postgres::Connection& target, const LostTime& time) {
  ASSIGN_OR_RETURN(const absl::Time here, NowOf(own));
  ASSIGN_OR_RETURN(const absl::Time there, NowOf(target));
  const absl::Duration ahead = there - here;
  absl::Time from;
  std::string problem;
  if (!absl::ParseTime(absl::RFC3339_full, time.from, &from, &problem)) return absl::InternalError(problem);
  const auto text = [](absl::Time at) {
    return absl::FormatTime(absl::RFC3339_full, at, absl::UTCTimeZone());
  };
  return Span{text(from + ahead - kMargin), text(time.until + ahead + kMargin)};
}

absl::StatusOr<int64_t> ForgetOn(postgres::Connection& own, postgres::Connection& target,
                                 const LostTime& time) {
  ASSIGN_OR_RETURN(const Rows there, target.QueryText("SELECT to_regclass('cognate.inbox')::text"));
  if (there.IsNull(0, 0)) return 0;
  ASSIGN_OR_RETURN(const Span span, SpanOn(own, target, time));
  int64_t forgotten = 0;
  std::string after = "00000000-0000-0000-0000-000000000000";
  while (true) {
    ASSIGN_OR_RETURN(const Rows page, target.QueryText(kInbox, {{after, span.from, span.until}}));
    if (page.empty()) return forgotten;
    after = std::string(page.GetText(page.size() - 1, 0));
    ASSIGN_OR_RETURN(const Rows unknown, own.QueryText(kUnknown, {{ArrayOf(page)}}));
    if (!unknown.empty()) {
      ASSIGN_OR_RETURN(const Rows done,
                       target.QueryText(kForget, {{ArrayOf(unknown), span.from, span.until}}));
      forgotten += done.affected();
    }
    if (page.size() < kPage) return forgotten;
  }
}

absl::StatusOr<int64_t> ForgetOnTarget(postgres::Connection& own, const Rows& targets, int row,
                                       const LostTime& time) {
  ASSIGN_OR_RETURN(const std::unique_ptr<postgres::Connection> target, Connect(targets, row));
  return ForgetOn(own, *target, time);
}

}  // namespace

LostIdentities ForgetLostIdentities(postgres::Connection& own, const LostTime& time) {
  LostIdentities lost;
  const absl::StatusOr<Rows> targets = own.QueryText(kTargets);
  if (!targets.ok()) {
    lost.notes.push_back(absl::StrCat("no target was asked for records that were made since the backup (",
                                      targets.status().message(), "): restore once more"));
    return lost;
  }
  for (int row = 0; row < targets->size(); ++row) {
    const absl::StatusOr<int64_t> forgotten = ForgetOnTarget(own, *targets, row, time);
    if (forgotten.ok()) {
      lost.forgotten += *forgotten;
      continue;
    }
    lost.notes.push_back(absl::StrCat(
        targets->GetText(row, 0), " could not be asked for records that were made since the backup (",
        forgotten.status().message(),
        "): restore once more when it can be, or they are refused where they come again"));
  }
  return lost;
}

absl::StatusOr<std::vector<std::string>> TargetsWithIdentities(postgres::Connection& own) {
  ASSIGN_OR_RETURN(const Rows targets, own.QueryText(kTargets));
  std::vector<std::string> names;
  for (int row = 0; row < targets.size(); ++row) names.emplace_back(targets.GetText(row, 0));
  return names;
}

}  // namespace cognate::cli
