#include "services/change_capture/leave_counts.h"

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {

LeaveCounts::LeaveCounts(clients::RegistryClient& registry, const std::string& transformer,
                         const Catalogue& catalogue, const RuleChanges& rule_changes,
                         LeaveCountsOptions options)
    : registry_(registry),
      transformer_(transformer),
      catalogue_(catalogue),
      rule_changes_(rule_changes),
      options_(options) {}

void LeaveCounts::Start() {
  worker_ = std::make_unique<Worker>("leave_counts", [this](StopToken& stop) { Run(stop); });
}

void LeaveCounts::Run(StopToken& stop) {
  absl::Duration wait;
  while (!stop.WaitFor(wait)) wait = Step();
}

absl::Duration LeaveCounts::Step() {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  if (rules->revision() == 0 || rules->revision() != rule_changes_.revision()) return options_.idle_wait;
  absl::Duration wait = options_.idle_wait;
  std::map<std::string, Progress> going_on;
  for (const v1::CompiledSync& compiled : rules->syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (sync.guard().state() != v1::LEAVE_GUARD_STATE_COUNTING || !clients::TakesChanges(compiled)) continue;
    Progress progress = progress_[sync.name()];
    if (progress.etag != sync.etag()) {
      progress = Progress();
      progress.etag = sync.etag();
    }
    const absl::Status counted = CountPage(sync, rules->revision(), progress);
    if (counted.ok()) {
      if (!progress.page_token.empty()) wait = absl::ZeroDuration();
    } else if (!absl::IsAborted(counted)) {
      wait = options_.retry_wait;
      log::Warn("what changed rules take away cannot be counted",
                {{"sync", sync.name()}, {"status", counted}});
    }
    going_on[sync.name()] = progress;
  }
  progress_ = std::move(going_on);
  return wait;
}

absl::Status LeaveCounts::CountPage(const v1::Sync& sync, int64_t rules_revision, Progress& progress) {
  v1::CountLeavingRequest request;
  request.set_sync(sync.name());
  request.set_etag(sync.etag());
  request.set_rules_revision(rules_revision);
  request.set_page_token(progress.page_token);
  ASSIGN_OR_RETURN(const v1::CountLeavingResponse page, transformer_.CountLeaving(request));
  progress.leaving += page.leaving_count();
  progress.records += page.record_count();
  progress.page_token = page.next_page_token();
  if (!progress.page_token.empty()) return absl::OkStatus();
  v1::SetLeaveGuardRequest counted;
  counted.set_name(sync.name());
  counted.set_etag(sync.etag());
  counted.set_leaving_count(progress.leaving);
  counted.set_record_count(progress.records);
  progress = Progress();  // counted again if this goes wrong
  return registry_.SetLeaveGuard(counted).status();
}

}  // namespace cognate::change_capture
