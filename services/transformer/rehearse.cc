#include "services/transformer/rehearse.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/clients/guard.h"
#include "services/transformer/errors.h"

namespace cognate::transformer {
namespace {

constexpr int kPageRecords = 1'000;
constexpr int kDefaultRecords = 1'000;
constexpr int kMostRecords = 100'000;
constexpr int kDefaultSamples = 3;
constexpr int kMostSamples = 50;

absl::Status Validate(const v1::RehearseRequest& request) {
  if (!request.has_sync()) return InvalidField("sync", "nothing", "a sync as it would be");
  if (request.last_records() < 0 || request.last_records() > kMostRecords)
    return InvalidField("last_records", absl::StrCat(request.last_records()),
                        absl::StrCat("1 to ", kMostRecords, ", or nothing for ", kDefaultRecords));
  if (request.samples() < 0 || request.samples() > kMostSamples)
    return InvalidField("samples", absl::StrCat(request.samples()),
                        absl::StrCat("1 to ", kMostSamples, ", or nothing for ", kDefaultSamples));
  return absl::OkStatus();
}

v1::ListLatestChangesRequest RecordsOf(const v1::Sync& sync) {
  v1::ListLatestChangesRequest request;
  request.set_platform(sync.source_platform());
  request.set_model(sync.source_model());
  request.set_page_size(kPageRecords);
  return request;
}

const v1::Sync* FindSync(const v1::Rules& rules, const std::string& name) {
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    if (compiled.sync().name() == name) return &compiled.sync();
  }
  return nullptr;
}

// Puts what becomes of each record into its heap.
class Tally {
 public:
  Tally(const v1::Sync& sync, int samples) : sync_(sync), samples_(samples) {}

  void Add(const Rehearsed& one) {
    response_.set_record_count(response_.record_count() + 1);
    response_.set_target_record_count(response_.target_record_count() + (one.stand.is_there() ? 1 : 0));
    response_.set_leaving_count(response_.leaving_count() + (one.is_taken_away ? 1 : 0));
    v1::RehearsedCount& count = counts_[{one.outcome, one.leaves, one.reason}];
    count.set_count(count.count() + 1);
    if (count.samples_size() == samples_) return;
    v1::RehearsedRecord* const sample = count.add_samples();
    sample->mutable_record()->set_platform(sync_.source_platform());
    sample->mutable_record()->set_model(sync_.source_model());
    sample->mutable_record()->set_local_id(one.change->local_id());
    sample->set_target_local_id(one.stand.local_id());
    one.show(sample);
  }

  v1::RehearseResponse Take() {
    for (auto& [key, count] : counts_) {
      count.set_outcome(std::get<0>(key));
      count.set_leaves(std::get<1>(key));
      count.set_reason(std::get<2>(key));
      *response_.add_counts() = std::move(count);
    }
    return std::move(response_);
  }

 private:
  const v1::Sync& sync_;
  const int samples_;
  v1::RehearseResponse response_;
  std::map<std::tuple<v1::RehearsedOutcome, v1::LeaveAction, std::string>, v1::RehearsedCount> counts_;
};

// Of all of these records; whether there are no others.
absl::StatusOr<bool> RunAll(const RehearseParts& parts, const Rehearsal& rehearsal, const v1::Sync& sync,
                            int records, Tally& tally) {
  v1::ListLatestChangesRequest list = RecordsOf(sync);
  list.set_last_records(records);
  int wanted = records;
  bool is_complete = false;
  do {
    list.set_page_size(std::min(wanted, kPageRecords));
    ASSIGN_OR_RETURN(const v1::ListLatestChangesResponse page, parts.latest(list));
    is_complete = page.is_complete();
    RETURN_IF_ERROR(rehearsal.Run(page.changes(), [&](const Rehearsed& one) { tally.Add(one); }));
    wanted -= page.changes_size();
    list.set_page_token(page.next_page_token());
  } while (wanted > 0 && !list.page_token().empty());
  return is_complete && list.page_token().empty();
}

}  // namespace

absl::StatusOr<v1::RehearseResponse> Rehearse(const RehearseParts& parts,
                                              const v1::RehearseRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  v1::CompileRulesRequest compile;
  *compile.mutable_sync() = request.sync();
  *compile.mutable_beside() = request.beside();
  *compile.mutable_without() = request.without();
  *compile.mutable_pipelines() = request.pipelines();
  ASSIGN_OR_RETURN(const v1::Rules after, parts.compile(compile));
  ASSIGN_OR_RETURN(const std::shared_ptr<const RuleSet> before,
                   parts.rules.AtLeast(0, absl::InfiniteFuture()));
  const v1::Sync& sync = request.sync();
  const Rehearsal rehearsal(parts, sync, before->rules(), after);
  Tally tally(sync, request.samples() == 0 ? kDefaultSamples : request.samples());
  ASSIGN_OR_RETURN(const bool is_complete,
                   RunAll(parts, rehearsal, sync,
                          request.last_records() == 0 ? kDefaultRecords : request.last_records(), tally));
  v1::RehearseResponse response = tally.Take();
  response.set_sync(sync.name());
  response.set_is_complete(is_complete);
  response.set_would_be_held(
      FindSync(before->rules(), sync.name()) != nullptr &&
      clients::IsTooMuch(sync, response.leaving_count(), response.target_record_count()));
  return response;
}

absl::StatusOr<v1::CountLeavingResponse> CountLeaving(const RehearseParts& parts,
                                                      const v1::CountLeavingRequest& request) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const RuleSet> rules,
                   parts.rules.AtLeast(request.rules_revision(), absl::InfinitePast()));
  const v1::Sync* const sync = FindSync(rules->rules(), request.sync());
  if (sync == nullptr || sync->etag() != request.etag() || !sync->has_guard())
    return SyncChanged(request.sync());
  v1::CompileRulesRequest compile;
  compile.set_guarded(request.sync());
  const absl::StatusOr<v1::Rules> before = parts.compile(compile);
  if (absl::IsNotFound(before.status())) return SyncChanged(request.sync());
  RETURN_IF_ERROR(before.status());

  v1::ListLatestChangesRequest list = RecordsOf(*sync);
  list.set_page_token(request.page_token());
  ASSIGN_OR_RETURN(const v1::ListLatestChangesResponse page, parts.latest(list));
  v1::CountLeavingResponse response;
  const Rehearsal rehearsal(parts, *sync, *before, rules->rules());
  RETURN_IF_ERROR(rehearsal.Run(page.changes(), [&](const Rehearsed& one) {
    response.set_leaving_count(response.leaving_count() + (one.is_taken_away ? 1 : 0));
    response.set_record_count(response.record_count() + (one.stand.is_there() ? 1 : 0));
  }));
  response.set_next_page_token(page.next_page_token());
  return response;
}

}  // namespace cognate::transformer
