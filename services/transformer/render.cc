#include "services/transformer/render.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "services/transformer/echo.h"
#include "services/transformer/reference.h"

namespace cognate::transformer {
namespace {

constexpr char kNobody[16] = {};

}  // namespace

absl::Status Render(const RuleSet& rules, const Wave& wave, Missing missing, ResolveFunction resolve,
                    ReferenceCache* cache, google::protobuf::Arena* arena, Rendering* rendering) {
  Rendering& r = *rendering;
  r.routed = Route(rules, wave, arena);
  if (r.routed.changes.empty()) return absl::OkStatus();
  const v1::ResolveRequest ask = AskAssigned(r.routed, missing == Missing::kMake);
  if (!ask.groups().empty()) {
    ASSIGN_OR_RETURN(const v1::ResolveResponse answer, resolve(ask));
    ASSIGN_OR_RETURN(r.assigned, Assigned::Read(r.routed, answer));
  }
  r.candidates = Transform(r.routed, r.assigned, arena);

  // What is deleted here may be referred to by what the cache holds.
  const bool deletes =
      std::any_of(wave.begin(), wave.end(), [](const RecordChange& change) { return change.is_delete(); });
  if (cache != nullptr && deletes) cache->Clear();
  ReferenceCache* const usable = deletes ? nullptr : cache;
  r.question = AskWho(r.routed, r.candidates, missing, usable);
  ASSIGN_OR_RETURN(r.identities, resolve(r.question.request));
  r.rules_revision = r.identities.rules_revision();
  if (r.rules_revision > rules.revision()) return absl::OkStatus();
  ASSIGN_OR_RETURN(r.resolved, ReadWho(r.question, r.identities, usable));
  RETURN_IF_ERROR(r.assigned.CheckEntities(r.resolved));
  if (missing == Missing::kLeave) {
    for (RecordIdentity& record : r.resolved.records) {
      if (record.entity_id.empty()) record.entity_id = absl::string_view(kNobody, sizeof(kNobody));
    }
  }

  r.echoes = FindEchoes(r.routed, r.resolved, &r.candidates);
  r.mapped = Map(r.routed, r.candidates, r.resolved, arena);
  Refer(r.routed, r.candidates, r.resolved, &r.mapped);
  return absl::OkStatus();
}

}  // namespace cognate::transformer
