#include "services/transformer/preview.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock/clock.h"
#include "common/codec/late_ids.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"
#include "common/value/value.h"
#include "services/clients/guard.h"
#include "services/clients/schedule.h"
#include "services/transformer/contact.h"
#include "services/transformer/errors.h"
#include "services/transformer/expand.h"
#include "services/transformer/file_field.h"
#include "services/transformer/render.h"
#include "services/transformer/rendered_record.h"

namespace cognate::transformer {
namespace {

absl::Status Validate(const v1::RecordKey& record) {
  if (record.platform().empty())
    return InvalidField("record.platform", "nothing", "the platform's id, such as atlas");
  if (record.model().empty())
    return InvalidField("record.model", "nothing", "a model, such as public.country");
  if (record.local_id().empty())
    return InvalidField("record.local_id", "nothing", "the platform's own id of the record");
  return absl::OkStatus();
}

bus::v1::ChangeBatch BatchOf(const v1::RecordKey& record, const v1::Change& change) {
  bus::v1::ChangeBatch batch;
  batch.set_is_replay(true);  // as it is delivered in the end, whenever that is
  batch.add_models()->set_platform(record.platform());
  batch.mutable_models(0)->set_model(record.model());
  AddLogged(change, &batch).set_local_id(record.local_id());
  return batch;
}

class Previewer {
 public:
  Previewer(const PreviewParts& parts, const v1::PreviewRequest& request)
      : parts_(parts), request_(request) {}

  absl::StatusOr<v1::PreviewResponse> Run() {
    const v1::RecordKey& record = request_.record();
    ASSIGN_OR_RETURN(const v1::Change latest, parts_.latest_change(record));
    ASSIGN_OR_RETURN(const std::shared_ptr<const RuleSet> rules,
                     parts_.rules.AtLeast(0, absl::InfiniteFuture()));
    ExplainCapture(latest);
    const bus::v1::ChangeBatch batch = BatchOf(record, latest);
    const bus::v1::ChangeBatch* const batches[] = {&batch};
    std::vector<Wave> waves = Collect(batches, 1);
    if (!request_.target_platform().empty()) waves[0][0].only.push_back(request_.target_platform());
    ExplainSyncs(rules->Find(record.platform(), record.model()));
    RETURN_IF_ERROR(RenderAll(*rules, waves[0]));
    return std::move(response_);
  }

 private:
  v1::ExplanationStep* Step(const char* word, v1::Verdict verdict, std::string sentence) {
    v1::ExplanationStep* const step = response_.add_steps();
    step->set_step(word);
    step->set_verdict(verdict);
    step->set_sentence(std::move(sentence));
    return step;
  }

  std::string RecordName() const {
    return absl::StrCat(request_.record().model(), " ", request_.record().local_id(), " on ",
                        request_.record().platform());
  }

  void ExplainCapture(const v1::Change& change) {
    const bool deleted = change.operation() == v1::OPERATION_DELETE;
    *Step("capture", v1::VERDICT_PASSED,
          absl::StrCat("The change log has ", RecordName(), " in version ", change.version(),
                       deleted ? ": it was deleted there." : "."))
         ->mutable_time() = change.capture_time();
  }

  void ExplainSyncs(const SourcePlan* plan) {
    bool taken = false;
    static const std::vector<TargetPlan>* const kNone = new std::vector<TargetPlan>();
    for (const TargetPlan& target : plan == nullptr ? *kNone : plan->targets) {
      if (!IsAsked(target.platform)) continue;
      taken = true;
      Step(
          "sync", v1::VERDICT_PASSED,
          absl::StrCat(absl::StrJoin(target.syncs(), " and "), target.parts.size() > 1 ? " take " : " takes ",
                       request_.record().model(), " to ", target.model, " on ", target.platform, "."));
      if (target.interval > absl::ZeroDuration()) {
        Step("schedule", v1::VERDICT_PASSED,
             absl::StrCat(absl::StrJoin(target.syncs(), " and "), " ",
                          clients::TurnWords(target.interval, Clock::Real().Now()), "."));
      }
    }
    for (const SourcePlan::Idle& idle :
         plan == nullptr ? std::vector<SourcePlan::Idle>() : plan->idle_syncs) {
      Step("sync", v1::VERDICT_STOPPED, absl::StrCat(idle.sync, " ", idle.why, "."));
    }
    if (taken || (plan != nullptr && !(plan->idle_syncs.empty() && plan->expansions.empty()))) return;
    const std::string where =
        request_.target_platform().empty() ? "" : absl::StrCat(" to ", request_.target_platform());
    Step("sync", v1::VERDICT_STOPPED,
         absl::StrCat("No sync takes ", request_.record().model(), " on ", request_.record().platform(),
                      where, ": create one."));
  }

  bool IsAsked(const std::string& platform) const {
    return request_.target_platform().empty() || request_.target_platform() == platform;
  }

  absl::Status RenderAll(const RuleSet& rules, const Wave& wave) {
    google::protobuf::Arena arena;
    Rendering rendering;
    RETURN_IF_ERROR(Render(rules, wave, Missing::kLeave, parts_.ledger, nullptr, &arena, &rendering));
    ExplainParts(rendering.routed, rules.revision());
    if (rendering.routed.changes.empty()) return absl::OkStatus();
    ExplainIdentity(rendering);
    for (size_t i = 0; i < rendering.candidates.size(); ++i) {
      if (rendering.candidates[i].is_echo) {
        Step("sync", v1::VERDICT_PASSED,
             absl::StrCat("For ", rendering.candidates[i].target->platform,
                          " its latest change is what a delivery wrote there: it goes on as version ",
                          rendering.candidates[i].version, ", and is written only where that is missing."));
      }
    }
    for (const Item& item : rendering.mapped.items) AddRecord(rendering, item, &arena);
    return absl::OkStatus();
  }

  // What other models' records come of it.
  void ExplainParts(const Routed& routed, int64_t rules_revision) {
    ExpandPlace place;
    const v1::CapturePartsRequest made = Expand(routed, rules_revision, SetLimits(), &place);
    for (const v1::PartSet& set : made.sets()) {
      if (set.has_error()) {
        Step("expand", v1::VERDICT_STOPPED,
             absl::StrCat("Its parts in ", set.model(), " stay as they are: ", set.error().message(), "."));
        continue;
      }
      if (set.skipped()) {
        Step("expand", v1::VERDICT_PASSED,
             absl::StrCat("Its parts in ", set.model(),
                          " stay as they are: a script passes the record over."));
        continue;
      }
      constexpr int kShown = 10;
      std::vector<std::string> ids;
      for (const v1::Part& part : set.parts()) {
        if (ids.size() < kShown) ids.push_back(part.local_id());
      }
      Step("expand", v1::VERDICT_PASSED,
           absl::StrCat("It has ", set.parts_size(), set.parts_size() == 1 ? " part in " : " parts in ",
                        set.model(), ids.empty() ? "" : ": ", absl::StrJoin(ids, "; "),
                        set.parts_size() > kShown ? "; …" : "", "."));
    }
  }

  void ExplainIdentity(const Rendering& rendering) {
    const std::string& known = rendering.identities.groups(0).entity_ids(0);
    const absl::StatusOr<Uuid> uuid = Uuid::FromBytes(known);
    if (uuid.ok()) {
      Step("identity", v1::VERDICT_PASSED, absl::StrCat("It is entity ", uuid->ToString(), "."));
    } else {
      Step("identity", v1::VERDICT_UNDER_WAY,
           "It has no entity yet: the first change that is planned makes one.");
    }
  }

  void AddRecord(const Rendering& rendering, const Item& item, google::protobuf::Arena* arena) {
    v1::RenderedRecord* const record = response_.add_records();
    const TargetPlan& target = *item.target;
    const RoutedChange& change = rendering.routed.changes[item.change];
    for (const SyncPart& part : target.parts) {
      if (!change.is_delete() && !part.is_plain())
        ExplainPart(rendering, item.change, target, part, arena, record);
    }
    ShowRecord(change, item, record);
    if (!record->acting_identity().empty()) {
      Step("identity", v1::VERDICT_PASSED,
           absl::StrCat("On ", target.platform, " it is written in the name of ", record->acting_identity(),
                        "."));
    }
    if (IsRefused(item)) {
      Step("mapping", v1::VERDICT_STOPPED,
           absl::StrCat("On ", target.platform, " ", item.outcome->error().message(), "."));
      return;
    }
    if (item.shape->departure != nullptr) {
      return ExplainDeparture(target, *item.shape->departure);
    }
    Step("mapping", v1::VERDICT_PASSED,
         absl::StrCat(item.shape->fields.size(), " fields fit ", target.model, " on ", target.platform, "."));
    const std::string contact = ContactSentence(*item.shape);
    if (!contact.empty()) Step("mapping", v1::VERDICT_PASSED, contact);
    ExplainReferences(*item.shape, item);
    ExplainFiles(*item.shape, item);
  }

  void ExplainPart(const Rendering& rendering, size_t change, const TargetPlan& target, const SyncPart& part,
                   google::protobuf::Arena* arena, v1::RenderedRecord* record) {
    if (!part.broken.empty()) return;
    PartTrace trace = TracePart(rendering.routed, {rendering.assigned, rendering.former, rendering.reach},
                                change, part, arena);
    for (transform::StepTrace& step : trace.steps) {
      v1::TransformTrace* const shown = record->add_transforms();
      shown->set_sync(part.sync);
      shown->set_step(step.step);
      shown->set_pipeline(step.pipeline);
      shown->set_word(step.word);
      if (step.is_passed) shown->set_passed_over(step.because);
      shown->mutable_before()->Swap(step.before.mutable_fields());
      shown->mutable_after()->Swap(step.after.mutable_fields());
    }
    if (!trace.in_scope) {
      Step("scope", v1::VERDICT_STOPPED,
           absl::StrCat(part.sync, " does not take it to ", target.platform, ": ", trace.because, "."));
    } else if (!trace.because.empty()) {
      Step("scope", v1::VERDICT_PASSED,
           absl::StrCat(part.sync, " takes it to ", target.platform, ": ", trace.because, "."));
    }
  }

  void ExplainDeparture(const TargetPlan& target, const Departure& departure) {
    const std::string where = absl::StrCat(target.model, " on ", target.platform);
    for (const v1::Sync* const sync : target.guarded) {
      if (departure.stays)
        Step("guard", v1::VERDICT_UNDER_WAY,
             absl::StrCat(sync->name(), ": ", clients::GuardWords(*sync), "."));
    }
    Step("mapping", v1::VERDICT_PASSED, DepartureSentence(departure, where));
  }

  static std::string DepartureSentence(const Departure& departure, const std::string& where) {
    switch (departure.action) {
      case v1::LEAVE_ACTION_UNPUBLISH:
        return absl::StrCat("If it is in ", where, ", ", departure.fields.size(),
                            " fields are written there.");
      case v1::LEAVE_ACTION_SOFT_DELETE:
        return absl::StrCat("If it is in ", where, ", it is marked as deleted there.");
      case v1::LEAVE_ACTION_KEEP:
        return absl::StrCat("If it is in ", where, ", it is left there as it is.");
      case v1::LEAVE_ACTION_DETACH:
        return absl::StrCat("If it is in ", where, ", it is left there as it is, and is followed no more.");
      default:
        return absl::StrCat("It is to be deleted from ", where, ".");
    }
  }

  void ExplainReferences(const Shape& shape, const Item& item) {
    const std::string& platform = item.target->platform;
    for (size_t i = 0; i < shape.fields.size(); ++i) {
      const v1::Value& value = item.delivery->values(static_cast<int>(i));
      codec::ForEachReference(value, [&](const v1::Value& found) {
        ExplainReference(shape.fields[i]->rule->target(), found.reference_value(), platform);
      });
    }
  }

  void ExplainFiles(const Shape& shape, const Item& item) {
    for (size_t i = 0; i < shape.fields.size(); ++i) {
      const v1::CompiledField& rule = *shape.fields[i]->rule;
      if (!rule.has_file() || !LeadsToFile(item.delivery->values(static_cast<int>(i)))) continue;
      const bool is_link = rule.file().mode() == v1::FILE_MODE_LINK;
      Step("file", v1::VERDICT_UNDER_WAY,
           absl::StrCat(rule.target(), " leads to files of ", request_.record().platform(), "; ",
                        item.target->platform,
                        is_link && rule.file().link_fallback() ? " gets addresses of the gateway for them."
                        : is_link                              ? " gets their addresses there."
                                  : " gets copies, and their paths in the place of what is shown here."));
    }
  }

  void ExplainReference(const std::string& field, const v1::Reference& reference,
                        const std::string& platform) {
    const std::string what =
        absl::StrCat(field, " refers to ", reference.source_model(), " ", reference.source_local_id());
    if (!reference.local_id().empty()) {
      Step("reference", v1::VERDICT_PASSED,
           absl::StrCat(what, ", which is ", reference.model(), " ", reference.local_id(), " on ", platform,
                        "."));
    } else if (reference.model().empty()) {
      Step("reference", v1::VERDICT_STOPPED,
           absl::StrCat(what, ", and no sync brings ", reference.source_model(), " to ", platform,
                        ": create one."));
    } else {
      Step("reference", v1::VERDICT_UNDER_WAY,
           absl::StrCat(what, ", which is not in ", reference.model(), " on ", platform,
                        " yet: the delivery waits for it."));
    }
  }

  const PreviewParts& parts_;
  const v1::PreviewRequest& request_;
  v1::PreviewResponse response_;
};

}  // namespace

absl::StatusOr<v1::PreviewResponse> Preview(const PreviewParts& parts, const v1::PreviewRequest& request) {
  RETURN_IF_ERROR(Validate(request.record()));
  return Previewer(parts, request).Run();
}

}  // namespace cognate::transformer
