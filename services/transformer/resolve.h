// Who is who: the question to the registry for a whole wave, and its answer beside the changes.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/ledger_service.pb.h"
#include "common/codec/late_ids.h"
#include "services/transformer/reference_cache.h"
#include "services/transformer/route.h"
#include "services/transformer/transform.h"

namespace cognate::transformer {

// A list, a map, or a text that is made of one.
inline bool IsNested(const v1::Value& value) {
  return value.has_list_value() || value.has_map_value() || value.has_encoded_value();
}

// Calls `visit(reference, value)` for every reference that the value of a field will hold, by the number of
// its plan (SourcePlan.references): the value itself, or what a chain has made inside it. NULL refers to
// nothing.
template <typename Visit>
void ForEachReferenceIn(const SourcePlan& plan, const TargetPlan& target, const FieldPlan& field,
                        const v1::Value& value, Visit visit) {
  if (value.has_null_value()) return;
  if (!field.nests || (field.is_reference() && !IsNested(value))) {
    if (field.is_reference()) visit(field.reference, value);
    return;
  }
  codec::ForEachReference(value, [&](const v1::Value& made) {
    const int number =
        field.is_reference() ? field.reference : plan.ReferenceOf(made.reference_value(), target.platform);
    if (number >= 0) visit(number, made);
  });
}

// Calls `visit(candidate_index, field, reference, value)` for every reference that a wave's deliveries will
// hold, always in the same order.
template <typename Visit>
void ForEachReference(const Routed& routed, const Candidates& candidates, Visit visit) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!candidate.is_written() || routed.changes[candidate.change].plan->references.empty()) continue;
    const SourcePlan& plan = *routed.changes[candidate.change].plan;
    for (const FieldPlan& field : candidate.target->fields) {
      if (!field.is_reference() && !field.nests) continue;
      const v1::Value* const value = candidate.ValueOf(field);
      if (value == nullptr) continue;
      ForEachReferenceIn(plan, *candidate.target, field, *value,
                         [&](int reference, const v1::Value& refers) { visit(i, field, reference, refers); });
    }
  }
}

// Appends the local id that a value refers to: its text, or that of a reference which a chain has made.
// False, and nothing appended, where there is none.
bool AppendReferencedId(const v1::Value& value, std::string* out);

// Whether identities that are missing are made; a preview makes none.
enum class Missing { kMake, kLeave };

struct ResolveQuestion {
  v1::ResolveRequest request;

  struct Place {
    int32_t group = -1;  // of the request; kCached: of `cached`; kNone: not asked for
    int32_t index = 0;
    static constexpr int32_t kNone = -1;
    static constexpr int32_t kCached = -2;
  };
  std::vector<Place> records;     // as Routed.changes; what a delivery wrote is kCached
  std::vector<Place> references;  // as ForEachReference visits
  std::deque<KnownReference> cached;
  std::vector<std::string> cache_keys;  // of the request's groups; empty where nothing may be kept
};

// `cache` may be null. Every record and every referenced record is asked for once; a delete makes its
// identity, too, so that a create that it has overtaken finds its mark. A value that cannot be an id is not
// asked for.
ResolveQuestion AskWho(const Routed& routed, const Candidates& candidates, Missing missing,
                       ReferenceCache* cache);

struct RecordIdentity {
  absl::string_view entity_id;  // empty: unknown
  absl::string_view fingerprint;
  int64_t applied_version = 0;  // that the fingerprint belongs to
  // Of a model that a mirror writes to: the mirrored model has a living record of the entity.
  bool is_mirrored = false;
};
struct ReferenceIdentity {
  absl::string_view entity_id;  // empty: the value is no id, or unknown in a preview
  absl::string_view target_local_id;
  bool asked = false;
};
// Points into the question and the response.
struct Resolved {
  std::vector<RecordIdentity> records;        // as Routed.changes
  std::vector<ReferenceIdentity> references;  // as ForEachReference visits
};

// INTERNAL if the answer does not fit the question. Puts what was found into `cache`, unless null.
absl::StatusOr<Resolved> ReadWho(const ResolveQuestion& question, const v1::ResolveResponse& response,
                                 ReferenceCache* cache);

}  // namespace cognate::transformer
