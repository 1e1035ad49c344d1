// Where the capture of each platform's database stands, in our own database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/source.pb.h"
#include "common/postgres/pool.h"
#include "services/change_capture/clock_offset.h"
#include "services/change_capture/postgres_source/pgoutput.h"

namespace cognate::change_capture {

// How far a source's changes are in the log. Everything that was committed before `confirmed` is, and of the
// transaction whose commit record begins at `transaction` the first `transaction_changes`.
struct SourcePosition {
  pgoutput::Lsn confirmed = 0;
  pgoutput::Lsn transaction = 0;  // 0: none is in progress
  int64_t transaction_changes = 0;
  bool operator==(const SourcePosition&) const = default;
};

struct StoredModel {
  std::string model;
  uint32_t relation_oid = 0;
  bool snapshot_complete = false;
  pgoutput::Lsn snapshot_position = 0;
  int64_t snapshot_row_count = 0;
  // What the table looked like when its snapshot began: its key and columns, as TableShape writes them.
  std::string shape;
  std::string obstacle;
};

struct StoredSource {
  std::string platform;
  int64_t owner = 0;
  std::string system_identifier;  // empty: there is no slot of ours
  SourcePosition position;
  std::vector<StoredModel> models;
};

// What is told of a source's clock.
struct ClockReport {
  std::optional<MeasuredOffset> measured;
  // Of stamps since the last report, and the last of them in words.
  int64_t out_of_bounds_count = 0;
  std::string out_of_bounds;
  std::optional<absl::Time> out_of_bounds_time;  // of its receipt

  // `what` has the stamp.
  void AddOutOfBounds(absl::string_view what, absl::Time stamp, absl::Time received);
};

// Proves in each write that nobody else has taken the source over, and that no group before this one failed.
struct SourceTurn {
  std::string platform;
  int64_t owner = 0;
  int64_t sequence = 0;  // 1 for an owner's first group, and so on without gaps
};

// How far a source is once its next groups are committed: `groups` of them, the first at `turn`.
struct SourceAdvance {
  SourceTurn turn;
  int64_t groups = 1;
  SourcePosition position;  // behind the last of them
  absl::Time time;
};

// In the same order, with one for those that follow each other.
std::vector<SourceAdvance> MergeAdvances(absl::Span<const SourceAdvance* const> advances);
// ABORTED: there is a newer owner, or a group before this one was not committed.
absl::Status SourceOutOfTurn(absl::string_view platform);

// Thread safe. Every write by an owner answers ABORTED SOURCE_TAKEN_OVER when there is a newer one.
class SourceStore {
 public:
  explicit SourceStore(postgres::Pool& pool) : pool_(pool) {}

  // Makes the caller the owner: what earlier owners have not committed by now will be refused.
  absl::StatusOr<StoredSource> TakeOver(absl::string_view platform, absl::Time now);

  // As part of an append. SourceOutOfTurn when it is not.
  static absl::Status Advance(postgres::Transaction& transaction, const SourceAdvance& advance);
  // The same as the first part `advanced` of a statement with parameters up to `$n`, which writes nothing
  // else unless this gave a row; AddAdvance adds the parameters.
  static std::string AdvanceSql(int n);
  static void AddAdvance(const SourceAdvance& advance, postgres::Params* params);
  // For AppendGroup::along.
  static absl::Status SaveSnapshot(postgres::Transaction& transaction, absl::string_view platform,
                                   const StoredModel& model);

  // A new slot: nothing that was captured by an earlier one counts any more. Without an identifier there is
  // no slot at all.
  absl::Status ResetSlot(absl::string_view platform, int64_t owner, absl::string_view system_identifier,
                         pgoutput::Lsn position, absl::Time now);
  // The captured models as they are now: those that are missing in `models` are forgotten.
  absl::Status SaveModels(absl::string_view platform, int64_t owner, const std::vector<StoredModel>& models);
  // Only the owner's word counts; that of others only when the owner has been silent for `kOwnerSilence`.
  absl::Status Report(absl::string_view platform, int64_t owner, v1::SourceState state,
                      absl::string_view error, int64_t lag_bytes, absl::Time now);
  absl::Status Forget(absl::string_view platform);
  // Those with a slot.
  absl::StatusOr<std::vector<std::string>> PlatformsWithSlots();

  // All, or one platform's. (This and the rest in source_report.cc)
  absl::StatusOr<std::vector<v1::Source>> List(absl::string_view platform);
  // Of a source that is there; counts add up.
  absl::Status ReportClock(absl::string_view platform, const ClockReport& report);
  // The same for a platform whose agent sends the changes: it gets a row by this.
  absl::Status ReportAgent(absl::string_view platform, const ClockReport& report, absl::Time now);
  absl::StatusOr<std::vector<std::string>> Agents();
  absl::Status ForgetAgent(absl::string_view platform);

 private:
  postgres::Pool& pool_;
};

inline constexpr absl::Duration kOwnerSilence = absl::Seconds(30);

}  // namespace cognate::change_capture
