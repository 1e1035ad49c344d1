#include "services/feedback/explain/explain.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/feedback/errors.h"
#include "services/feedback/explain/explain_words.h"

namespace cognate::feedback {
namespace {

// No sync brings anything to it.
bool IsSourceAlone(const v1::Replica& replica) { return replica.desired_version() == 0; }

bool Same(const v1::RecordKey& a, const v1::RecordKey& b) {
  return a.platform() == b.platform() && a.model() == b.model() && a.local_id() == b.local_id();
}

// Collects what the services say, asking each once.
class Inquiry {
 public:
  Inquiry(const Parts& parts, const v1::ExplainRequest& request, const grpc_support::Rpc& rpc)
      : parts_(parts), request_(request), source_(request.record()) {
    context_ = CallContext::Of(rpc);
    context_.timeout = absl::Seconds(3);
    context_.max_attempts = 1;
    only_ = request.target_platform();
  }

  v1::ExplainResponse Run() {
    FindSource();
    AskChangeLog();
    TellIdentity();
    AskTransformer();
    FindTroubles();
    if (targets_.empty() && !only_.empty()) At(only_, "");
    for (auto& [key, evidence] : targets_) TellTarget(&evidence);
    response_.set_conclusion(Conclusion(request_.record(), response_, never_captured_));
    return std::move(response_);
  }

 private:
  bool Wanted(const std::string& platform) const { return only_.empty() || platform == only_; }

  TargetEvidence& At(const std::string& platform, const std::string& model) {
    TargetEvidence& evidence = targets_[{platform, model}];
    evidence.platform = platform;
    evidence.model = model;
    return evidence;
  }

  // The record may be named as its target knows it; the way begins at its source. One that syncs read as
  // well, as both of two-way syncs, is the source of its ways to others; what brings other records of the
  // entity to its own platform is told where that is asked for, or is not over.
  void FindSource() {
    replicas_ = parts_.peers.registry().GetReplicas(request_.record(), context_);
    if (!replicas_.ok() || replicas_->replicas().empty()) return;
    const v1::Replica& own = replicas_->replicas(0);
    bool tells_own = false;
    if (!IsSourceAlone(own)) {
      const auto syncs = parts_.peers.registry().ListSyncs(context_);
      if (syncs.ok()) syncs_ = *syncs;
      const v1::Replica* const other = OtherSource();
      if (other != nullptr) other_source_ = other->record();
      const bool is_asked_for = only_ == source_.platform();
      if (is_asked_for || !IsRead(source_)) {
        if (only_.empty()) only_ = source_.platform();
        if (other != nullptr) source_ = *other_source_;
      } else {
        tells_own =
            own.applied_version() < own.desired_version() || (other != nullptr && IsSourceAlone(*other));
      }
    }
    for (const v1::Replica& replica : replicas_->replicas()) {
      const bool is_told = Same(replica.record(), source_) ? tells_own : !IsSourceAlone(replica);
      if (is_told && Wanted(replica.record().platform()))
        At(replica.record().platform(), replica.record().model()).replica = replica;
    }
  }

  // Whether a sync, active or not, takes this record's model from its platform.
  bool IsRead(const v1::RecordKey& record) const {
    return std::any_of(syncs_.begin(), syncs_.end(), [&](const v1::Sync& sync) {
      return sync.source_platform() == record.platform() && sync.source_model() == record.model();
    });
  }

  // What may have brought the record to where it is: another record of the entity; null if there is none.
  const v1::Replica* OtherSource() const {
    const v1::RecordKey& own = request_.record();
    const v1::Replica* other = nullptr;
    for (const v1::Replica& replica : replicas_->replicas()) {
      const v1::RecordKey& record = replica.record();
      if (Same(record, own) || record.local_id().empty()) continue;
      if (IsSourceAlone(replica)) return &replica;
      const bool leads_here = std::any_of(syncs_.begin(), syncs_.end(), [&](const v1::Sync& sync) {
        return sync.source_platform() == record.platform() && sync.source_model() == record.model() &&
               sync.target_platform() == own.platform() && sync.target_model() == own.model();
      });
      if (leads_here && other == nullptr) other = &replica;
    }
    return other;
  }

  void AskChangeLog() {
    const absl::StatusOr<v1::Change> change = parts_.peers.GetLatestChange(source_, context_);
    if (change.ok()) {
      captured_version_ = change->version();
      source_deleted_ = change->operation() == v1::OPERATION_DELETE;
      *response_.add_steps() = CapturedStep(source_, *change);
      return;
    }
    never_captured_ = absl::IsNotFound(change.status());
    if (!never_captured_) {
      *response_.add_steps() = NotAsked("capture", "change_capture", change.status());
      return;
    }
    const absl::StatusOr<v1::ListSourcesResponse> sources =
        parts_.peers.ListSources(source_.platform(), context_);
    *response_.add_steps() = sources.ok() ? NeverCapturedStep(source_, *sources)
                                          : NotAsked("capture", "change_capture", sources.status());
  }

  void TellIdentity() {
    if (replicas_.ok() && !replicas_->replicas().empty()) {
      *response_.add_steps() = IdentityStep(*replicas_);
    } else if (replicas_.ok() || absl::IsNotFound(replicas_.status())) {
      *response_.add_steps() =
          Step("identity", captured_version_ > 0 ? v1::VERDICT_UNDER_WAY : v1::VERDICT_STOPPED,
               "It has no identity yet: nothing of it was planned, and nothing refers to it.");
    } else {
      *response_.add_steps() = NotAsked("identity", "platform_registry", replicas_.status());
    }
  }

  void AskTransformer() {
    v1::PreviewRequest preview;
    *preview.mutable_record() = source_;
    preview.set_target_platform(only_);
    const absl::StatusOr<v1::PreviewResponse> answer = parts_.peers.Preview(preview, context_);
    if (absl::IsNotFound(answer.status())) return;  // Never captured; said already.
    if (!answer.ok()) {
      *response_.add_steps() = NotAsked("sync", "transformer", answer.status());
      return TellSyncs();
    }
    for (const v1::ExplanationStep& step : answer->steps()) *response_.add_steps() = step;
    for (const v1::RenderedRecord& rendered : answer->records()) {
      if (Wanted(rendered.platform())) At(rendered.platform(), rendered.model()).rendered = rendered;
    }
    previewed_ = true;
  }

  // What the registry knows of it, where the transformer does not answer.
  void TellSyncs() {
    const absl::StatusOr<std::vector<v1::Sync>> syncs = parts_.peers.registry().ListSyncs(context_);
    if (!syncs.ok()) return;
    for (const v1::Sync& sync : *syncs) {
      if (sync.source_platform() != source_.platform() || sync.source_model() != source_.model()) continue;
      if (Wanted(sync.target_platform())) *response_.add_steps() = SyncStep(sync);
    }
  }

  void FindTroubles() {
    if (!replicas_.ok() || replicas_->replicas().empty()) return;
    const absl::StatusOr<Uuid> entity = Uuid::Parse(replicas_->replicas(0).entity_id());
    if (!entity.ok()) return;
    absl::StatusOr<std::vector<Trouble>> troubles = parts_.troubles.ListOfEntity(*entity);
    if (!troubles.ok()) {
      *response_.add_steps() = NotAsked("trouble", "The table of troubles", troubles.status());
      return;
    }
    for (Trouble& trouble : *troubles) {
      if (!Wanted(trouble.key.platform)) continue;
      const TroubleKey key = trouble.key;
      At(key.platform, key.model).trouble = std::move(trouble);
    }
  }

  void TellTarget(TargetEvidence* evidence) {
    evidence->source = source_;
    evidence->captured_version = captured_version_;
    evidence->source_deleted = source_deleted_;
    evidence->previewed = previewed_;
    evidence->held_version = HeldBySource(evidence->source);
    const bool is_own = evidence->platform == source_.platform() && evidence->model == source_.model();
    if (is_own && Same(source_, request_.record())) TurnAround(evidence);
    const absl::StatusOr<v1::ListLanesResponse> lanes = parts_.peers.ListLanes(evidence->platform, context_);
    evidence->lanes = lanes.status();
    if (lanes.ok()) {
      for (const v1::Lane& lane : lanes->lanes()) {
        if (lane.platform() == evidence->platform) evidence->lane = lane;
      }
    }
    if (evidence->trouble && evidence->trouble->waits_for_entity)
      evidence->awaited = Awaited(*evidence->trouble);
    *response_.add_targets() = ExplainTarget(*evidence);
  }

  int64_t HeldBySource(const v1::RecordKey& source) const {
    if (!replicas_.ok()) return 0;
    for (const v1::Replica& replica : replicas_->replicas()) {
      if (Same(replica.record(), source) && !IsSourceAlone(replica)) return replica.applied_version();
    }
    return 0;
  }

  // The way to the source's own platform begins elsewhere.
  void TurnAround(TargetEvidence* evidence) {
    evidence->replica = replicas_->replicas(0);
    evidence->captured_version = evidence->held_version = 0;
    evidence->source_deleted = evidence->previewed = false;
    if (!other_source_.has_value()) return;
    evidence->source = *other_source_;
    evidence->held_version = HeldBySource(*other_source_);
    const absl::StatusOr<v1::Change> change = parts_.peers.GetLatestChange(*other_source_, context_);
    if (change.ok()) {
      evidence->captured_version = change->version();
      evidence->source_deleted = change->operation() == v1::OPERATION_DELETE;
    }
    v1::PreviewRequest preview;
    *preview.mutable_record() = *other_source_;
    preview.set_target_platform(evidence->platform);
    const absl::StatusOr<v1::PreviewResponse> answer = parts_.peers.Preview(preview, context_);
    evidence->previewed = answer.ok();
    if (!answer.ok()) return;
    for (const v1::RenderedRecord& rendered : answer->records()) {
      if (rendered.platform() == evidence->platform && rendered.model() == evidence->model)
        evidence->rendered = rendered;
    }
  }

  // One level down: how the record stands that this one waits for.
  std::string Awaited(const Trouble& waiting) {
    std::optional<Trouble> trouble;
    const TroubleKey awaited = waiting.awaited();
    absl::StatusOr<std::vector<Trouble>> found = parts_.troubles.Find({&awaited, 1});
    if (found.ok() && !found->empty()) trouble = std::move(found->front());
    bool there = false;
    const absl::StatusOr<v1::GetReplicasResponse> replicas =
        parts_.peers.registry().GetReplicas(waiting.waits_for_source, context_);
    if (replicas.ok()) {
      for (const v1::Replica& replica : replicas->replicas()) {
        there |= replica.record().platform() == awaited.platform &&
                 replica.record().model() == awaited.model && !replica.record().local_id().empty() &&
                 !replica.deleted();
      }
    }
    const absl::Status captured =
        there || trouble ? absl::OkStatus()
                         : parts_.peers.GetLatestChange(waiting.waits_for_source, context_).status();
    return AwaitedSentence(waiting, trouble, captured, there);
  }

  const Parts& parts_;
  const v1::ExplainRequest& request_;
  CallContext context_;
  std::string only_;  // The only target platform that is asked for; empty for all.
  v1::RecordKey source_;
  // Of the way to the platform of the record that is asked about.
  std::optional<v1::RecordKey> other_source_;
  std::vector<v1::Sync> syncs_;  // Only where something brings records to where that is.
  absl::StatusOr<v1::GetReplicasResponse> replicas_;
  int64_t captured_version_ = 0;
  bool source_deleted_ = false;
  bool never_captured_ = false;
  bool previewed_ = false;
  std::map<std::pair<std::string, std::string>, TargetEvidence> targets_;
  v1::ExplainResponse response_;
};

}  // namespace

absl::StatusOr<v1::ExplainResponse> Explain(const Parts& parts, const v1::ExplainRequest& request,
                                            const grpc_support::Rpc& rpc) {
  const v1::RecordKey& record = request.record();
  if (record.platform().empty()) return InvalidField("record.platform", "got nothing, want a platform's id");
  if (record.model().empty()) return InvalidField("record.model", "got nothing, want a model");
  if (record.local_id().empty())
    return InvalidField("record.local_id", "got nothing, want the record's id there");
  // As the change log names it.
  v1::ExplainRequest logged = request;
  logged.mutable_record()->set_local_id(value::FitLocalId(record.local_id()));
  return Inquiry(parts, logged, rpc).Run();
}

}  // namespace cognate::feedback
