#include "services/transformer/render.h"

#include <algorithm>
#include <utility>

#include "common/status/status_macros.h"
#include "services/transformer/acting.h"
#include "services/transformer/echo.h"
#include "services/transformer/reference.h"

namespace cognate::transformer {
namespace {

constexpr char kNobody[16] = {};

// What has become a source record's since a mirror found it extra is not removed.
void KeepMirrored(const Routed& routed, const Resolved& resolved, Candidates* candidates) {
  candidates->erase(std::remove_if(candidates->begin(), candidates->end(),
                                   [&](const Candidate& candidate) {
                                     return routed.changes[candidate.change].is_removed() &&
                                            resolved.records[candidate.change].is_mirrored;
                                   }),
                    candidates->end());
}

}  // namespace

absl::Status Render(const RuleSet& rules, const Wave& wave, Missing missing, const Ledger& ledger,
                    ReferenceCache* cache, google::protobuf::Arena* arena, Rendering* rendering) {
  Rendering& r = *rendering;
  r.routed = Route(rules, wave, arena);
  if (r.routed.changes.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(FindReach(r.routed, missing == Missing::kMake, ledger, &r.assigned, &r.reach));
  if (const v1::ListPreviousChangesRequest before = AskFormer(r.routed); !before.records().empty()) {
    ASSIGN_OR_RETURN(v1::ListPreviousChangesResponse answer, ledger.before(before));
    ASSIGN_OR_RETURN(r.former, Former::Read(r.routed, std::move(answer), arena));
  }
  const bool asks_acting = std::any_of(r.routed.changes.begin(), r.routed.changes.end(),
                                       [](const RoutedChange& change) { return change.plan->asks_acting; });
  Acting acting;
  if (asks_acting) {
    if (const v1::ListPreviousChangesRequest named = acting.Ask(r.routed); !named.records().empty()) {
      ASSIGN_OR_RETURN(const v1::ListPreviousChangesResponse answer, ledger.before(named));
      RETURN_IF_ERROR(acting.Learn(answer));
    }
  }
  r.candidates = Transform(r.routed, {r.assigned, r.former, r.reach}, arena);

  // What is deleted here may be referred to by what the cache holds.
  const bool deletes =
      std::any_of(wave.begin(), wave.end(), [](const RecordChange& change) { return change.is_delete(); });
  if (cache != nullptr && deletes) cache->Clear();
  ReferenceCache* const usable = deletes ? nullptr : cache;
  r.question = AskWho(r.routed, r.candidates, missing, usable);
  ASSIGN_OR_RETURN(r.identities, ledger.resolve(r.question.request));
  r.rules_revision = r.identities.rules_revision();
  if (r.rules_revision > rules.revision()) return absl::OkStatus();
  ASSIGN_OR_RETURN(r.resolved, ReadWho(r.question, r.identities, usable));
  RETURN_IF_ERROR(r.assigned.CheckEntities(r.resolved));
  KeepMirrored(r.routed, r.resolved, &r.candidates);
  if (missing == Missing::kLeave) {
    for (RecordIdentity& record : r.resolved.records) {
      if (record.entity_id.empty()) record.entity_id = absl::string_view(kNobody, sizeof(kNobody));
    }
  }

  r.echoes = FindEchoes(r.routed, r.resolved, &r.candidates);
  r.mapped = Map(r.routed, r.candidates, r.resolved, arena);
  Refer(r.routed, r.candidates, r.resolved, &r.mapped);
  if (!asks_acting) return absl::OkStatus();
  for (Item& item : r.mapped.items) {
    if (std::string name = acting.Of(r.routed, item.change, *item.target); !name.empty())
      item.delivery->set_acting_identity(std::move(name));
  }
  return absl::OkStatus();
}

}  // namespace cognate::transformer
