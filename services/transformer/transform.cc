#include "services/transformer/transform.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

namespace cognate::transformer {

v1::OutcomeError UnfitKey(const v1::Field& key) {
  const v1::OmittedValue& omitted = key.value().omitted_value();
  v1::OutcomeError error;
  error.set_reason("UNFIT_KEY");
  error.set_field(key.name());
  error.set_message(absl::StrCat("field ", key.name(), ": the record's key is of ", omitted.size_bytes(),
                                 " bytes, want 1 to ", omitted.limit_bytes(),
                                 "; give the record another key at the source"));
  return error;
}

Row SourceRow(const Routed& routed, const RoutedChange& change) {
  return Row(routed.values).subspan(change.values, change.plan->slots.size());
}

absl::Span<const v1::Value*> WorkingRow(Row source, size_t slots, google::protobuf::Arena* arena) {
  const size_t size = std::max(slots, source.size());
  auto** const values = google::protobuf::Arena::CreateArray<const v1::Value*>(arena, size);
  std::fill(std::copy(source.begin(), source.end(), values), values + size, nullptr);
  return {values, size};
}

namespace {

v1::OutcomeError SyncBroken(const SyncPart& part) {
  v1::OutcomeError error;
  error.set_reason("SYNC_BROKEN");
  error.set_message(absl::StrCat(part.sync, " cannot run by the source's catalogue as it is now: ",
                                 part.broken, "; correct the sync, then redrive"));
  return error;
}

// What stays of a skipped record, whatever the policy of the sync: the script has said that it is not for
// now.
const Departure& LeftAlone() {
  static const Departure* const kLeftAlone =
      new Departure{v1::LEAVE_ACTION_KEEP, {}, {}, {}, /*is_skip=*/true};
  return *kLeftAlone;
}

// What becomes of a record that no part takes. While a sync is guarded nothing is taken away.
const Departure& LeavingOf(const TargetPlan& target) {
  static const Departure* const kStays =
      new Departure{v1::LEAVE_ACTION_KEEP, {}, {}, {}, /*is_skip=*/false, /*stays=*/true};
  return !target.guarded.empty() && TakesAway(target.leave.action) ? *kStays : target.leave;
}

class Transformer {
 public:
  Transformer(const Routed& routed, const Beside& beside, google::protobuf::Arena* arena)
      : routed_(routed), assigned_(beside.assigned), former_(beside.former), arena_(arena) {}

  Candidate Make(size_t index, const TargetPlan& target) const {
    const RoutedChange& change = routed_.changes[index];
    Candidate candidate;
    candidate.change = index;
    candidate.target = &target;
    candidate.version = change.version();
    if (change.is_delete()) {
      candidate.departure = HadLeft(index, target) ? &target.leave : &target.on_delete;
    } else if (change.unfit_key != nullptr) {
      candidate.refused = UnfitKey(*change.unfit_key);
    } else {
      Run(SourceRow(routed_, change), candidate);
    }
    return candidate;
  }

 private:
  // Whether a deleted record was out of every filter's scope before: of its changes only the newest may have
  // been seen. Told by its last state; where that is not known, the record was in scope.
  bool HadLeft(size_t index, const TargetPlan& target) const {
    if (!target.detaches()) return false;
    const RoutedChange& change = routed_.changes[index];
    const Row last = SourceRow(routed_, change);
    return std::none_of(target.parts.begin(), target.parts.end(), [&](const SyncPart& part) {
      if (!part.ids.Take(change.logged().local_id())) return false;
      if (part.filter.has_value() && !IsListed(part.filter->fields(), change, last)) return true;
      return Takes(part, {last, {}, assigned_.Of(index)});
    });
  }

  static bool IsListed(const std::vector<std::string>& fields, const RoutedChange& change, Row row) {
    return std::all_of(fields.begin(), fields.end(), [&](const std::string& field) {
      const int slot = change.plan->SlotOf(field);
      return slot >= 0 && row[static_cast<size_t>(slot)] != nullptr;
    });
  }

  void Run(Row source, Candidate& candidate) const {
    bool skipped = false;
    for (const SyncPart& part : candidate.target->parts) {
      candidate.rows.push_back(RunPart(part, source, candidate, &skipped));
    }
    const bool taken =
        std::any_of(candidate.rows.begin(), candidate.rows.end(), [](Row row) { return !row.empty(); });
    if (!taken) candidate.departure = skipped ? &LeftAlone() : &LeavingOf(*candidate.target);
  }

  Row RunPart(const SyncPart& part, Row source, Candidate& candidate, bool* skipped) const {
    if (part.is_plain()) return source;
    if (!part.broken.empty()) {
      candidate.refused = SyncBroken(part);
      return source;
    }
    if (!part.ids.Take(routed_.changes[candidate.change].logged().local_id())) return {};
    const absl::Span<const std::string> assigned = assigned_.Of(candidate.change);
    if (!Takes(part, {source, {}, assigned})) return {};
    if (part.chain.empty()) return source;
    transform::WorkingRecord record(WorkingRow(source, part.chain.slots(), arena_), arena_);
    std::optional<transform::Stop> stop =
        part.chain.Run(record, {source, former_.Of(candidate.change), assigned, &part.facts});
    if (!stop.has_value()) return record.values();
    if (stop->is_skipped) {
      *skipped = true;
      return {};
    }
    candidate.refused = std::move(stop->error);
    return source;
  }

  const Routed& routed_;
  const Assigned& assigned_;
  const Former& former_;
  google::protobuf::Arena* const arena_;
};

}  // namespace

Candidates Transform(const Routed& routed, const Beside& beside, google::protobuf::Arena* arena) {
  Candidates candidates;
  candidates.reserve(routed.changes.size());
  const Transformer transformer(routed, beside, arena);
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    for (const TargetPlan* const target : beside.reach.TargetsOf(routed, i)) {
      if (target->TakesNow(*change.change)) candidates.push_back(transformer.Make(i, *target));
    }
    if (change.is_removed()) candidates.push_back(transformer.Make(i, *change.plan->mirror));
  }
  return candidates;
}

PartTrace TracePart(const Routed& routed, const Beside& beside, size_t change, const SyncPart& part,
                    google::protobuf::Arena* arena) {
  PartTrace trace;
  const Row source = SourceRow(routed, routed.changes[change]);
  const condition::Subject subject = {source, {}, beside.assigned.Of(change)};
  const std::string& local_id = routed.changes[change].logged().local_id();
  trace.in_scope = part.ids.Take(local_id) && Takes(part, subject);
  if (!part.ids.empty()) {
    trace.because = part.ids.Explain(local_id);
    if (!part.ids.Take(local_id)) return trace;
  }
  if (part.only_assigned) {
    const bool is_assigned = absl::c_linear_search(subject.assigned, part.facts.target_platform);
    absl::StrAppend(&trace.because, trace.because.empty() ? "" : " and ", "the record is ",
                    is_assigned ? "" : "not ", "assigned to ", part.facts.target_platform);
    if (!is_assigned) return trace;
  }
  if (part.filter.has_value()) {
    absl::StrAppend(&trace.because, trace.because.empty() ? "" : " and ", part.filter->Explain(subject));
  }
  if (!trace.in_scope) return trace;
  transform::WorkingRecord record(WorkingRow(source, part.chain.slots(), arena), arena);
  const std::optional<transform::Stop> stop = part.chain.RunTraced(
      record, {source, beside.former.Of(change), subject.assigned, &part.facts}, &trace.steps);
  if (stop.has_value() && stop->is_skipped) {
    trace.in_scope = false;
    trace.because = stop->error.message();
  }
  return trace;
}

}  // namespace cognate::transformer
