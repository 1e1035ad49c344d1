#include "cli/schedule_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/sync_options.h"
#include "common/clock/clock.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/clients/guard.h"
#include "services/clients/schedule.h"

namespace cognate::cli {
namespace {

// Zero is left out: it is the same as nothing.
constexpr char kDuration[] = "a duration such as 30s, 5m or 1h30m; 0 for none";

}  // namespace

std::vector<ScheduleOptions::Given> ScheduleOptions::Add(CLI::App* command) {
  std::vector<Given> given;
  given.push_back(
      {command
           ->add_option(
               "--natural-key", natural_keys,
               "Target fields that together tell that the target has a record already, such as slug, or "
               "title,day; may come often, the first with a match decides")
           ->take_all(),
       "natural_keys"});
  given.push_back(
      {command
           ->add_option(
               "--if-exists", if_exists,
               "What is done where a natural key matches (docs/syncs.md): update, adopt, skip, error, rename")
           ->check(CLI::IsMember({"update", "adopt", "skip", "error", "rename"}, CLI::ignore_case)),
       "if_exists"});
  given.push_back(
      {command->add_option("--sync-ids", sync_ids, "Only these records, by the source's ids: 7,9; '' for all")
           ->delimiter(','),
       "sync_ids"});
  given.push_back({command
                       ->add_option("--ignore-ids", ignore_ids,
                                    "Not these records, by the source's ids: 7,9; '' for none")
                       ->delimiter(','),
                   "ignore_ids"});
  given.push_back(
      {command->add_option("--interval", interval,
                           "Deliver what has changed together every so often: 5m; 0 to deliver as it comes"),
       "schedule"});
  given.push_back({command->add_option("--batch-size", batch_size,
                                       "Records that a run puts on their way at a time; 0: as many "
                                       "as the stream takes"),
                   "schedule"});
  given.push_back(
      {command->add_option("--pause", pause, "How long a run rests after each batch: 2s; 0 for not at all"),
       "schedule"});
  given.push_back(
      {command->add_flag("--mirror,!--no-mirror", mirror,
                         "`cognate run mirror` may delete what is on the target alone (docs/syncs.md)"),
       "mirror"});
  return given;
}

absl::Status ScheduleOptions::Set(v1::Sync* sync) const {
  for (const std::string& key : natural_keys) {
    if (key.empty()) continue;
    v1::NaturalKey& made = *sync->add_natural_keys();
    for (const absl::string_view field : absl::StrSplit(key, ',')) made.add_fields(std::string(field));
  }
  v1::ExistsAction action = v1::EXISTS_ACTION_UNSPECIFIED;  // what is no action's word was refused before
  v1::ExistsAction_Parse(absl::StrCat("EXISTS_ACTION_", absl::AsciiStrToUpper(if_exists)), &action);
  sync->set_if_exists(action);
  for (const std::string& id : sync_ids) {
    if (!id.empty()) sync->add_sync_ids(id);
  }
  for (const std::string& id : ignore_ids) {
    if (!id.empty()) sync->add_ignore_ids(id);
  }
  sync->set_mirror(mirror);
  if (!changes_schedule()) return absl::OkStatus();
  v1::SyncSchedule& schedule = *sync->mutable_schedule();
  if (batch_size) schedule.set_batch_size(*batch_size);
  if (interval) RETURN_IF_ERROR(SetDuration("--interval", *interval, kDuration, schedule.mutable_interval()));
  if (pause) RETURN_IF_ERROR(SetDuration("--pause", *pause, kDuration, schedule.mutable_pause()));
  if (ToDuration(schedule.interval()) == absl::ZeroDuration()) schedule.clear_interval();
  if (ToDuration(schedule.pause()) == absl::ZeroDuration()) schedule.clear_pause();
  if (schedule.ByteSizeLong() == 0) sync->clear_schedule();
  return absl::OkStatus();
}

void PrintSchedule(std::ostream& out, const v1::Sync& sync) {
  const v1::SyncSchedule& schedule = sync.schedule();
  const absl::Duration interval = clients::IntervalOf(sync);
  if (interval > absl::ZeroDuration())
    out << "It " << clients::TurnWords(interval, Clock::Real().Now()) << ".\n";
  if (schedule.batch_size() > 0)
    out << "A run puts " << schedule.batch_size() << " records on their way at a time.\n";
  if (schedule.has_pause())
    out << "A run rests " << absl::FormatDuration(ToDuration(schedule.pause())) << " after each batch.\n";
  if (!sync.mirror()) return;
  out << "`cognate run mirror` may delete records of " << sync.target_model() << " on "
      << sync.target_platform() << " that no record of " << sync.source_model() << " belongs to; more than "
      << clients::MaxLeavingPercent(sync) << " % of them wait for approval.\n";
}

}  // namespace cognate::cli
