// The way to one target, in words.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/feedback/explain/explain_text.h"
#include "services/feedback/explain/explain_words.h"

namespace cognate::feedback {
namespace {

v1::ExplanationStep MappingStep(const TargetEvidence& evidence) {
  const v1::RenderedRecord& rendered = *evidence.rendered;
  if (rendered.has_error()) {
    return Step("mapping", v1::VERDICT_STOPPED,
                Stop(absl::StrCat(evidence.platform, " cannot take it: ", Why(rendered.error()))));
  }
  if (rendered.operation() == v1::OPERATION_DELETE) {
    return Step("mapping", v1::VERDICT_PASSED,
                absl::StrCat("It is to be deleted from ", rendered.model(), "."));
  }
  return Step("mapping", v1::VERDICT_PASSED,
              absl::StrCat("It becomes a record of ", rendered.model(), " with ", rendered.fields_size(),
                           rendered.fields_size() == 1 ? " field." : " fields."));
}

v1::ExplanationStep TakenStep(const TargetEvidence& evidence) {
  const std::string target = absl::StrCat(evidence.model, " on ", evidence.platform);
  if (!evidence.rendered) {
    return Step("sync", v1::VERDICT_STOPPED,
                absl::StrCat("No sync takes it to ", target, " now; what is there stays as it is."));
  }
  const auto& syncs = evidence.rendered->syncs();
  return Step("sync", v1::VERDICT_PASSED,
              absl::StrCat(absl::StrJoin(syncs, " and "),
                           syncs.size() == 1 ? " takes it to " : " take it to ", target, "."));
}

v1::ExplanationStep PlanStep(const TargetEvidence& evidence) {
  if (!evidence.replica) {
    return Step("plan", v1::VERDICT_UNDER_WAY,
                absl::StrCat("Nothing is planned for ", evidence.platform, " yet."));
  }
  const v1::Replica& replica = *evidence.replica;
  const int64_t desired = replica.desired_version();
  v1::ExplanationStep step;
  if (replica.applied_version() >= desired) {
    step = Step("plan", v1::VERDICT_PASSED,
                replica.deleted()
                    ? absl::StrCat(evidence.platform, " should not have it any more (version ", desired,
                                   "), and does not.")
                    : absl::StrCat(evidence.platform, " should have version ", desired, ", and has it."));
  } else {
    step = Step("plan", v1::VERDICT_UNDER_WAY,
                absl::StrCat(evidence.platform,
                             replica.deleted() ? " should delete it (version " : " should have it (version ",
                             desired, "), and ",
                             replica.applied_version() == 0
                                 ? "has nothing yet."
                                 : absl::StrCat("has version ", replica.applied_version(), ".")));
  }
  if (evidence.rendered && evidence.captured_version > desired) {
    absl::StrAppend(step.mutable_sentence(), " Version ", evidence.captured_version,
                    " is captured and not planned yet.");
    step.set_verdict(v1::VERDICT_UNDER_WAY);
  }
  if (replica.has_plan_time()) *step.mutable_time() = replica.plan_time();
  return step;
}

v1::ExplanationStep TroubleStep(const Trouble& trouble) {
  const std::string again = " A newer change brings it back, or a redrive.";
  const auto step = [&](v1::Verdict verdict, std::string sentence) {
    v1::ExplanationStep made = Step("trouble", verdict, sentence);
    *made.mutable_time() = ToTimestamp(trouble.updated);
    return made;
  };
  switch (trouble.state) {
    case v1::REPLICA_STATE_RETRY:
      return step(
          v1::VERDICT_UNDER_WAY,
          Stop(absl::StrCat(
              "Version ", trouble.version, " failed ", Times(trouble.attempt_count),
              trouble.next_attempt ? absl::StrCat(" and is tried again at ", At(*trouble.next_attempt)) : "",
              ": ", Why(trouble.error))));
    case v1::REPLICA_STATE_WAITING:
      return step(v1::VERDICT_UNDER_WAY,
                  absl::StrCat("Version ", trouble.version,
                               trouble.incomplete ? " was written without a reference to " : " waits for ",
                               Describe(trouble.waits_for_source),
                               trouble.waits_for_model.empty()
                                   ? absl::StrCat(", which no sync brings to ", trouble.key.platform)
                                   : absl::StrCat(", which ", trouble.key.platform, " needs in ",
                                                  trouble.waits_for_model),
                               trouble.replay ? "; it is being sent again." : "."));
    case v1::REPLICA_STATE_HELD:
      return step(v1::VERDICT_STOPPED,
                  Stop(absl::StrCat(trouble.key.platform, " does not accept our login, so version ",
                                    trouble.version, " is held until it does: ", Why(trouble.error))));
    case v1::REPLICA_STATE_CONFLICT:
      return step(v1::VERDICT_STOPPED, absl::StrCat("The record was changed on ", trouble.key.platform,
                                                    ", too: ", Stop(Why(trouble.error)), again));
    default:
      return step(v1::VERDICT_STOPPED,
                  absl::StrCat("Version ", trouble.version, " was given up after ", trouble.attempt_count,
                               trouble.attempt_count == 1 ? " attempt: " : " attempts: ",
                               Stop(Why(trouble.error)), again));
  }
}

v1::ExplanationStep LaneStep(const TargetEvidence& evidence) {
  if (!evidence.lanes.ok()) return NotAsked("lane", "delivery", evidence.lanes);
  if (!evidence.lane) {
    return Step("lane", v1::VERDICT_UNDER_WAY,
                absl::StrCat("There is no lane to ", evidence.platform, " yet."));
  }
  const v1::Lane& lane = *evidence.lane;
  if (lane.state() != v1::LANE_STATE_CLOSED) {
    return Step("lane", v1::VERDICT_PASSED,
                absl::StrCat("The lane to ", evidence.platform, " is open, with ", lane.batch_count(),
                             lane.batch_count() == 1 ? " batch on it." : " batches on it."));
  }
  std::string sentence =
      absl::StrCat("The lane to ", evidence.platform, " is closed, because it cannot be reached");
  if (!lane.error().empty()) absl::StrAppend(&sentence, ": ", lane.error());
  sentence = Stop(std::move(sentence));
  if (lane.has_last_applied_time())
    absl::StrAppend(&sentence, " It last took something at ", At(lane.last_applied_time()), ".");
  if (lane.has_next_probe_time())
    absl::StrAppend(&sentence, " It is tried again at ", At(lane.next_probe_time()), ".");
  return Step("lane", v1::VERDICT_UNDER_WAY, sentence);
}

v1::ReplicaState StateOf(const TargetEvidence& evidence) {
  if (evidence.trouble) return evidence.trouble->state;
  if (evidence.replica) {
    const bool converged = evidence.replica->applied_version() >= evidence.replica->desired_version();
    return converged ? v1::REPLICA_STATE_CONVERGED : v1::REPLICA_STATE_PENDING;
  }
  return evidence.rendered ? v1::REPLICA_STATE_PENDING : v1::REPLICA_STATE_UNSPECIFIED;
}

std::string TroubleConclusion(const Trouble& trouble) {
  switch (trouble.state) {
    case v1::REPLICA_STATE_RETRY:
      return absl::StrCat("it failed ", Times(trouble.attempt_count),
                          " and is tried again: ", Why(trouble.error));
    case v1::REPLICA_STATE_WAITING:
      return absl::StrCat("it waits for ", Describe(trouble.waits_for_source));
    case v1::REPLICA_STATE_HELD:
      return absl::StrCat(trouble.key.platform, " does not accept our login: ", Why(trouble.error));
    case v1::REPLICA_STATE_CONFLICT:
      return absl::StrCat("it was changed there, too, and a person must decide: ", Why(trouble.error));
    default:
      return absl::StrCat("it was given up: ", Why(trouble.error));
  }
}

std::string TargetConclusion(const TargetEvidence& evidence) {
  const std::string& platform = evidence.platform;
  if (!evidence.replica && !evidence.trouble) {
    if (!evidence.rendered)
      return absl::StrCat("It does not go to ", platform, ", because no sync takes it there.");
    if (evidence.rendered->has_error()) {
      return Stop(absl::StrCat("It is not on ", platform,
                               ", because it would be refused: ", Why(evidence.rendered->error())));
    }
    return absl::StrCat("It is not on ", platform, " yet; it is on its way.");
  }
  const int64_t applied = evidence.replica ? evidence.replica->applied_version() : 0;
  const bool incomplete = evidence.trouble && evidence.trouble->incomplete;
  const std::string here = applied > 0 ? absl::StrCat(platform, " still has version ", applied)
                           : incomplete
                               ? absl::StrCat("It is on ", platform, " without one of its references")
                               : absl::StrCat("It is not on ", platform);
  if (evidence.trouble) return Stop(absl::StrCat(here, ", because ", TroubleConclusion(*evidence.trouble)));
  const v1::Replica& replica = *evidence.replica;
  if (applied >= replica.desired_version()) {
    if (replica.deleted()) return absl::StrCat("It is deleted on ", platform, ", as at its source.");
    std::string there = replica.record().local_id().empty() ? platform : Describe(replica.record());
    const bool newer = evidence.rendered && evidence.captured_version > applied;
    return newer ? absl::StrCat(there, " has version ", applied, "; version ", evidence.captured_version,
                                " is on its way.")
                 : absl::StrCat(there, " is up to date with version ", applied, ".");
  }
  if (evidence.lane && evidence.lane->state() == v1::LANE_STATE_CLOSED) {
    return absl::StrCat(here, ", because ", platform, " cannot be reached; it is sent as soon as it can.");
  }
  return absl::StrCat(here, "; version ", replica.desired_version(), " is on its way.");
}

}  // namespace

v1::TargetExplanation ExplainTarget(const TargetEvidence& evidence) {
  v1::TargetExplanation target;
  target.set_platform(evidence.platform);
  target.set_model(evidence.model);
  target.set_state(StateOf(evidence));
  if (evidence.previewed) *target.add_steps() = TakenStep(evidence);
  if (evidence.rendered) *target.add_steps() = MappingStep(evidence);
  if (evidence.replica || evidence.rendered) *target.add_steps() = PlanStep(evidence);
  if (evidence.trouble) *target.add_steps() = TroubleStep(*evidence.trouble);
  if (!evidence.awaited.empty())
    *target.add_steps() = Step("reference", v1::VERDICT_UNDER_WAY, evidence.awaited);
  if (target.state() != v1::REPLICA_STATE_CONVERGED && target.state() != v1::REPLICA_STATE_UNSPECIFIED) {
    *target.add_steps() = LaneStep(evidence);
  }
  target.set_conclusion(TargetConclusion(evidence));
  return target;
}

std::string AwaitedSentence(const Trouble& waiting, const std::optional<Trouble>& awaited,
                            const absl::Status& captured, bool there) {
  const std::string record = Describe(waiting.waits_for_source);
  const std::string& platform = waiting.key.platform;
  if (there) return absl::StrCat(record, " is on ", platform, " by now, so this one follows.");
  if (awaited)
    return Stop(
        absl::StrCat(record, " is not on ", platform, " itself, because ", TroubleConclusion(*awaited)));
  if (absl::IsNotFound(captured)) {
    return absl::StrCat(record, " was never captured: perhaps no sync takes ",
                        waiting.waits_for_source.model(), " on ", waiting.waits_for_source.platform(),
                        ", or it does not exist there.");
  }
  if (!captured.ok())
    return absl::StrCat("How ", record, " stands is not known, because change_capture could not be asked.");
  return absl::StrCat(record, " is captured and not on ", platform, " yet.");
}

}  // namespace cognate::feedback
