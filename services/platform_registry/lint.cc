#include "services/platform_registry/lint.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/file_check.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

// As CreateSync takes it.
v1::Sync Completed(v1::Sync sync) {
  sync.clear_title();
  if (sync.status() == v1::SYNC_STATUS_UNSPECIFIED) sync.set_status(v1::SYNC_STATUS_ACTIVE);
  return sync;
}

// What an update cannot change.
void CheckImmutable(const v1::Sync& current, const v1::Sync& wanted,
                    std::vector<FieldViolation>* violations) {
  for (const char* const name : {"source_platform", "source_model", "target_platform", "target_model"}) {
    const auto* const field = v1::Sync::descriptor()->FindFieldByName(name);
    const std::string is = current.GetReflection()->GetString(current, field);
    const std::string got = wanted.GetReflection()->GetString(wanted, field);
    if (got == is) continue;
    violations->push_back(
        {absl::StrCat("sync.", name),
         absl::StrCat(
             "got \"", got, "\", want \"", is, "\" as ", current.name(),
             " has it, which is immutable; give the new sync another name, or delete this one first")});
  }
}

void Add(v1::FindingSeverity severity, absl::string_view field, absl::string_view message,
         absl::string_view reason, v1::LintSyncResponse* response) {
  v1::SyncFinding* const finding = response->add_findings();
  finding->set_severity(severity);
  finding->set_field(std::string(field));
  finding->set_message(std::string(message));
  finding->set_reason(std::string(reason));
}

void AddAll(const SyncJudgement& judgement, v1::LintSyncResponse* response) {
  for (const FieldViolation& wrong : judgement.violations) {
    Add(v1::FINDING_SEVERITY_ERROR, wrong.field, wrong.description, "INVALID_FIELD", response);
  }
  for (const absl::Status& refusal : judgement.refusals) {
    const std::vector<FieldViolation> at = Violations(refusal);
    const std::string field = at.empty() ? "sync" : at[0].field;
    absl::string_view message = refusal.message();
    absl::ConsumePrefix(&message, absl::StrCat(field, ": "));
    Add(v1::FINDING_SEVERITY_ERROR, field, message, ErrorReason(refusal), response);
  }
  for (const SyncWarning& warning : judgement.warnings) {
    Add(v1::FINDING_SEVERITY_WARNING, warning.field, warning.message, warning.reason, response);
  }
}

// The place of a finding's part within a sync.
int PartOf(const v1::SyncFinding& finding) {
  absl::string_view path = finding.field();
  absl::ConsumePrefix(&path, "sync.");
  const std::string part(path.substr(0, path.find_first_of(".[")));
  const auto* const field = v1::Sync::descriptor()->FindFieldByName(part);
  return field == nullptr ? 0 : field->index();
}

}  // namespace

absl::StatusOr<v1::LintSyncResponse> LintSync(SyncStore& store, bool has_public_url,
                                              const v1::LintSyncRequest& request) {
  ASSIGN_OR_RETURN(Configuration configuration, store.Configured());
  for (const std::string& name : request.without()) configuration.TakeSyncOut(name);
  v1::Sync sync = Completed(request.sync());
  v1::LintSyncResponse response;
  v1::Sync current;
  if (const v1::Sync* const known = configuration.FindSync(sync.name()); known != nullptr) {
    response.set_is_known(true);
    current = *known;
  }
  for (const v1::Pipeline& pipeline : request.pipelines())
    configuration.pipelines[pipeline.name()] = pipeline;
  for (const v1::Sync& other : request.beside()) configuration.PutSync(Completed(other));
  configuration.PutSync(sync);
  SyncJudgement judgement = JudgeSync(configuration, sync);
  if (absl::Status status = CheckPublicUrl(sync, has_public_url); !status.ok())
    judgement.refusals.push_back(std::move(status));
  if (response.is_known()) CheckImmutable(current, sync, &judgement.violations);
  AddAll(judgement, &response);
  // Errors stand first; within them, and the warnings, the order is that of the sync's own fields.
  absl::c_stable_sort(*response.mutable_findings(), [](const v1::SyncFinding& a, const v1::SyncFinding& b) {
    return std::make_pair(a.severity(), PartOf(a)) < std::make_pair(b.severity(), PartOf(b));
  });
  if (!sync.title().empty()) response.set_title(sync.title());
  return response;
}

}  // namespace cognate::platform_registry
