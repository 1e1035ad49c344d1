#include "services/feedback/explain/explain_words.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/feedback/explain/explain_text.h"

namespace cognate::feedback {
namespace {

const char* OperationWord(v1::Operation operation) {
  switch (operation) {
    case v1::OPERATION_CREATE:
      return "create";
    case v1::OPERATION_DELETE:
      return "delete";
    default:
      return "update";
  }
}

}  // namespace

v1::ExplanationStep Step(absl::string_view step, v1::Verdict verdict, absl::string_view sentence) {
  v1::ExplanationStep made;
  made.set_step(std::string(step));
  made.set_verdict(verdict);
  made.set_sentence(std::string(sentence));
  return made;
}

v1::ExplanationStep NotAsked(absl::string_view step, absl::string_view who, const absl::Status& status) {
  return Step(step, v1::VERDICT_UNSPECIFIED,
              absl::StrCat(who, " could not be asked (", absl::StatusCodeToString(status.code()),
                           "), so this is not known."));
}

v1::ExplanationStep CapturedStep(const v1::RecordKey& record, const v1::Change& change) {
  v1::ExplanationStep step =
      Step("capture", v1::VERDICT_PASSED,
           absl::StrCat("The last captured change of ", Describe(record), " is version ", change.version(),
                        " (", OperationWord(change.operation()), "), of ", At(change.capture_time()), "."));
  *step.mutable_time() = change.capture_time();
  return step;
}

v1::ExplanationStep NeverCapturedStep(const v1::RecordKey& record, const v1::ListSourcesResponse& sources) {
  const std::string& platform = record.platform();
  const std::string model = absl::StrCat(record.model(), " on ", platform);
  const auto step = [](v1::Verdict verdict, const std::string& sentence) {
    return Step("capture", verdict, sentence);
  };
  for (const v1::Source& source : sources.sources()) {
    if (source.platform() != platform) continue;
    for (const v1::SourceModel& captured : source.models()) {
      if (captured.model() != record.model()) continue;
      if (!captured.obstacle().empty()) {
        return step(v1::VERDICT_STOPPED, Stop(absl::StrCat("It was never captured, because ", model,
                                                           " cannot be: ", captured.obstacle())));
      }
      if (!source.error().empty()) {
        return step(v1::VERDICT_STOPPED, Stop(absl::StrCat("It was never captured, because ", platform,
                                                           " cannot be read now: ", source.error())));
      }
      if (!captured.snapshot_complete()) {
        return step(v1::VERDICT_UNDER_WAY,
                    absl::StrCat("It is not captured yet: the first reading of ", model,
                                 " is under way, with ", captured.snapshot_row_count(), " rows so far."));
      }
      return step(v1::VERDICT_STOPPED,
                  absl::StrCat("It was never captured, although all of ", model,
                               " is: there is no such record, or its id is another one."));
    }
    if (!source.error().empty()) {
      return step(v1::VERDICT_STOPPED, Stop(absl::StrCat("It was never captured, because ", platform,
                                                         " cannot be read now: ", source.error())));
    }
    return step(v1::VERDICT_STOPPED,
                absl::StrCat("It was never captured, because no sync needs ", model, "."));
  }
  return step(v1::VERDICT_STOPPED,
              absl::StrCat("It was never captured: ", platform, " has reported no change of it."));
}

v1::ExplanationStep IdentityStep(const v1::GetReplicasResponse& replicas) {
  std::vector<std::string> names;
  for (const v1::Replica& replica : replicas.replicas()) {
    const v1::RecordKey& record = replica.record();
    names.push_back(record.local_id().empty()
                        ? absl::StrCat(record.model(), " on ", record.platform(), " (without an id yet)")
                        : Describe(record));
  }
  return Step("identity", v1::VERDICT_PASSED,
              absl::StrCat("It is the entity ", replicas.replicas(0).entity_id(), ": ",
                           absl::StrJoin(names, ", "), "."));
}

v1::ExplanationStep SyncStep(const v1::Sync& sync) {
  const bool active = sync.status() != v1::SYNC_STATUS_PAUSED;
  const bool taken = active && sync.broken().empty();
  const absl::string_view verb = taken    ? " takes "
                                 : active ? " is broken; it would take "
                                          : " is paused; it would take ";
  return Step(
      "sync", taken ? v1::VERDICT_PASSED : v1::VERDICT_STOPPED,
      absl::StrCat(
          sync.name(), verb, sync.source_model(), " on ", sync.source_platform(), " to ", sync.target_model(),
          " on ", sync.target_platform(), ".",
          sync.broken().empty() ? "" : absl::StrCat(" It no longer fits its models: ", sync.broken())));
}

std::string Conclusion(const v1::RecordKey& record, const v1::ExplainResponse& response,
                       bool never_captured) {
  if (response.targets().empty()) {
    if (never_captured)
      return absl::StrCat(Describe(record), " is on no target. ", response.steps(0).sentence());
    return absl::StrCat(Describe(record), " goes to no target: no sync takes it, as far as could be asked.");
  }
  if (response.targets_size() == 1) return response.targets(0).conclusion();
  int converged = 0;
  const v1::TargetExplanation* first_other = nullptr;
  for (const v1::TargetExplanation& target : response.targets()) {
    if (target.state() == v1::REPLICA_STATE_CONVERGED) {
      ++converged;
    } else if (first_other == nullptr) {
      first_other = &target;
    }
  }
  if (first_other == nullptr) return absl::StrCat("All ", converged, " targets are up to date.");
  return absl::StrCat(converged, " of ", response.targets_size(), " targets are up to date. ",
                      first_other->conclusion());
}

}  // namespace cognate::feedback
