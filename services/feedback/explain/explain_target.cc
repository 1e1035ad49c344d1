// The way to one target, in words.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/feedback/explain/explain_text.h"
#include "services/feedback/explain/explain_words.h"

namespace cognate::feedback {
namespace {

bool IsConverged(const v1::Replica& replica) {
  return replica.applied_version() >= replica.desired_version();
}

v1::ReplicaState StateOf(const TargetEvidence& evidence) {
  if (evidence.trouble) return evidence.trouble->state;
  if (!evidence.replica) return evidence.rendered ? v1::REPLICA_STATE_PENDING : v1::REPLICA_STATE_UNSPECIFIED;
  if (!IsConverged(*evidence.replica)) return v1::REPLICA_STATE_PENDING;
  const v1::ReplicaState state = evidence.replica->state();
  const bool is_marked = state == v1::REPLICA_STATE_DETACHED || state == v1::REPLICA_STATE_SKIPPED;
  return is_marked ? state : v1::REPLICA_STATE_CONVERGED;
}

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

std::string ConvergedSentence(const std::string& platform, const v1::Replica& replica) {
  const int64_t version = replica.desired_version();
  if (replica.state() == v1::REPLICA_STATE_SKIPPED) {
    return absl::StrCat(
        platform, " was asked to take version ", version,
        ", and has a record of its own with the same natural key, which the sync leaves alone "
        "(if_exists: SKIP), had deleted this one, or a person discarded the version.");
  }
  if (replica.state() == v1::REPLICA_STATE_DETACHED) {
    return replica.deleted()
               ? absl::StrCat("It was detached from ", platform, " in version ", version, ": ", platform,
                              " keeps what it has.")
               : absl::StrCat("It left the scope of its syncs in version ", version, ", and they say that ",
                              platform, " keeps what it has, or a person discarded that version.");
  }
  if (!replica.deleted()) return absl::StrCat(platform, " should have version ", version, ", and has it.");
  if (replica.record().local_id().empty()) {
    return absl::StrCat(platform, " should not have it (version ", version, "), and never said that it had.");
  }
  return absl::StrCat(platform, " should not have it any more (version ", version, "), and does not.");
}

v1::ExplanationStep PlanStep(const TargetEvidence& evidence) {
  if (!evidence.replica) {
    return Step("plan", v1::VERDICT_UNDER_WAY,
                absl::StrCat("Nothing is planned for ", evidence.platform, " yet."));
  }
  const v1::Replica& replica = *evidence.replica;
  const int64_t desired = replica.desired_version();
  v1::ExplanationStep step;
  if (IsConverged(replica)) {
    step = Step("plan", v1::VERDICT_PASSED, ConvergedSentence(evidence.platform, replica));
  } else {
    step = Step("plan", v1::VERDICT_UNDER_WAY,
                absl::StrCat(evidence.platform,
                             replica.deleted() ? " should delete it (version " : " should have it (version ",
                             desired, "), and ",
                             replica.applied_version() == 0
                                 ? "has nothing yet."
                                 : absl::StrCat("has version ", replica.applied_version(), ".")));
  }
  if (evidence.may_be_an_echo() && evidence.captured_version > desired) {
    absl::StrAppend(step.mutable_sentence(), " Version ", evidence.captured_version, " of ",
                    Describe(evidence.source), " is what a delivery wrote there, or is not planned yet.");
  } else if (evidence.rendered && evidence.captured_version > desired) {
    absl::StrAppend(step.mutable_sentence(), " Version ", evidence.captured_version,
                    " is captured and not planned yet.");
    step.set_verdict(v1::VERDICT_UNDER_WAY);
  }
  if (replica.has_plan_time()) *step.mutable_time() = replica.plan_time();
  return step;
}

bool IsAmbiguous(const Trouble& trouble) { return trouble.error.reason() == "AMBIGUOUS_MATCH"; }

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
      if (trouble.waits_for_file()) {
        return step(
            v1::VERDICT_UNDER_WAY,
            Stop(absl::StrCat("Version ", trouble.version,
                              trouble.incomplete ? " was written with a placeholder: " : " is not sent yet: ",
                              Why(trouble.error), trouble.replay ? "; it is being sent again" : "")));
      }
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
      return step(
          v1::VERDICT_STOPPED,
          Stop(absl::StrCat(
              trouble.key.platform, " does not accept ",
              trouble.acting_identity.empty() ? "our login"
                                              : absl::StrCat("the login of ", trouble.acting_identity),
              ", so version ", trouble.version, " is held until it does: ", Why(trouble.error))));
    case v1::REPLICA_STATE_CONFLICT:
      if (IsAmbiguous(trouble)) {
        return step(v1::VERDICT_STOPPED, absl::StrCat("Version ", trouble.version,
                                                      " was not written: ", Stop(Why(trouble.error)), again));
      }
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

std::string TroubleConclusion(const Trouble& trouble) {
  switch (trouble.state) {
    case v1::REPLICA_STATE_RETRY:
      return absl::StrCat("it failed ", Times(trouble.attempt_count),
                          " and is tried again: ", Why(trouble.error));
    case v1::REPLICA_STATE_WAITING:
      if (trouble.waits_for_file()) return Why(trouble.error);
      return absl::StrCat("it waits for ", Describe(trouble.waits_for_source));
    case v1::REPLICA_STATE_HELD:
      return absl::StrCat(trouble.key.platform, " does not accept our login: ", Why(trouble.error));
    case v1::REPLICA_STATE_CONFLICT:
      if (IsAmbiguous(trouble))
        return absl::StrCat("nobody but a person can tell which record it is: ", Why(trouble.error));
      return absl::StrCat("it was changed there, too, and a person must decide: ", Why(trouble.error));
    default:
      return absl::StrCat("it was given up: ", Why(trouble.error));
  }
}

// How it stands: as the beginning of a sentence about what is on its way, and as a sentence by itself.
struct Standing {
  std::string beginning;
  std::string sentence;
};

Standing DeletedStanding(const TargetEvidence& evidence) {
  const std::string why =
      evidence.source_deleted ? "it was deleted at its source" : "it left the scope of its syncs";
  const bool is_known = evidence.captured_version > 0;
  if (evidence.replica->record().local_id().empty()) {
    const std::string begin = absl::StrCat("It is not on ", evidence.platform);
    return {begin, absl::StrCat(begin, ", and is not to be", is_known ? absl::StrCat(": ", why) : "", ".")};
  }
  const std::string begin = absl::StrCat("It is deleted on ", evidence.platform);
  return {begin, absl::StrCat(begin, is_known ? absl::StrCat(", because ", why) : ", as it should be", ".")};
}

Standing StandingOf(const TargetEvidence& evidence) {
  const v1::Replica& replica = *evidence.replica;
  const bool is_detached = replica.state() == v1::REPLICA_STATE_DETACHED;
  if (replica.deleted() && !is_detached) return DeletedStanding(evidence);
  const int64_t version = replica.applied_version();
  const std::string there =
      replica.record().local_id().empty() ? evidence.platform : Describe(replica.record());
  if (replica.state() == v1::REPLICA_STATE_SKIPPED) {
    const std::string begin = absl::StrCat("It is not on ", evidence.platform);
    return {begin, absl::StrCat(begin,
                                ", because a record there has the same natural key and the sync leaves "
                                "such records alone, or because it was deleted there; a change of this one "
                                "looks again.")};
  }
  if (!is_detached) {
    return {absl::StrCat(there, " has version ", version),
            absl::StrCat(there, " is up to date with version ", version, ".")};
  }
  if (replica.deleted()) {
    const std::string begin = absl::StrCat(there, " is left as it was, and is not the same entity any more");
    return {begin, absl::StrCat(begin, ": changes and deletes of the record do not touch it.")};
  }
  const std::string begin = absl::StrCat(
      there, " is left as it was when the record left the scope of its syncs (version ", version, ")");
  return {begin, absl::StrCat(begin, "; it is written again when the record comes back.")};
}

std::string ConvergedConclusion(const TargetEvidence& evidence) {
  const Standing standing = StandingOf(evidence);
  const bool is_newer = evidence.captured_version > evidence.replica->applied_version();
  if (evidence.rendered && is_newer && !evidence.may_be_an_echo()) {
    return absl::StrCat(standing.beginning, "; version ", evidence.captured_version, " is on its way.");
  }
  return standing.sentence;
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
  if (IsConverged(replica)) return ConvergedConclusion(evidence);
  if (evidence.previewed && !evidence.rendered && !replica.deleted()) {
    return absl::StrCat(here, ", and version ", replica.desired_version(),
                        " is not sent, because no active sync takes it there.");
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
  const bool under_way = !evidence.replica || !IsConverged(*evidence.replica) || evidence.trouble;
  if (under_way && target.state() != v1::REPLICA_STATE_UNSPECIFIED) *target.add_steps() = LaneStep(evidence);
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
