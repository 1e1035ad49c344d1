#include "services/transformer/match.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"
#include "common/value/convert.h"
#include "common/value/fingerprint.h"
#include "services/transformer/contacts.h"
#include "services/transformer/errors.h"
#include "services/transformer/render.h"

namespace cognate::transformer {
namespace {

constexpr int kPageRecords = 1'000;
constexpr int64_t kMostRecords = 500'000;
constexpr int kDefaultSamples = 5;
constexpr int kMostSamples = 100;

using Changes = google::protobuf::RepeatedPtrField<v1::Change>;

absl::Status Validate(const v1::MatchRecordsRequest& request) {
  if (!request.has_sync()) return InvalidField("sync", "nothing", "a sync as it would be");
  if (request.sync().natural_keys().empty())
    return InvalidField("sync.natural_keys", "none", "the target fields that tell which record is meant");
  if (request.samples() < 0 || request.samples() > kMostSamples)
    return InvalidField("samples", absl::StrCat(request.samples()),
                        absl::StrCat("1 to ", kMostSamples, ", or nothing for ", kDefaultSamples));
  return absl::OkStatus();
}

// One of the target's fields in one form, whoever it comes from. False where a key with it matches nothing.
bool AppendKeyPart(const v1::Value& value, std::string* text) {
  std::string part;
  if (value.has_null_value() || value.has_omitted_value() || value.has_encoded_value()) return false;
  if (value.has_reference_value()) {
    part = value.reference_value().local_id();
    if (part.empty()) return false;
  } else if (!value::AppendCanonicalText(value, &part)) {
    return false;
  }
  absl::StrAppend(text, part.size(), ":", part);
  return true;
}

class Matcher {
 public:
  Matcher(const RehearseParts& parts, const v1::CompiledSync& compiled, int samples)
      : parts_(parts),
        compiled_(compiled),
        sync_(compiled.sync()),
        rules_(RulesOf(compiled)),
        samples_(samples),
        contacts_(static_cast<size_t>(sync_.natural_keys_size())) {}

  absl::StatusOr<v1::MatchRecordsResponse> Run() {
    RETURN_IF_ERROR(ForEachPage(sync_.target_platform(), sync_.target_model(),
                                [this](const Changes& changes) { return TakeTarget(changes); }));
    RETURN_IF_ERROR(ForEachPage(sync_.source_platform(), sync_.source_model(),
                                [this](const Changes& changes) { return TakeSource(changes); }));
    contacts_.Tell(samples_, &response_);
    return std::move(response_);
  }

 private:
  static v1::Rules RulesOf(const v1::CompiledSync& compiled) {
    v1::Rules rules;  // never old: nothing is planned by them
    rules.set_revision(std::numeric_limits<int64_t>::max());
    *rules.add_syncs() = compiled;
    v1::Sync& sync = *rules.mutable_syncs(0)->mutable_sync();
    sync.set_status(v1::SYNC_STATUS_ACTIVE);
    sync.clear_mirror();
    return rules;
  }

  template <typename Take>
  absl::Status ForEachPage(const std::string& platform, const std::string& model, Take take) {
    v1::ListLatestChangesRequest list;
    list.set_platform(platform);
    list.set_model(model);
    list.set_page_size(kPageRecords);
    int64_t records = 0;
    do {
      ASSIGN_OR_RETURN(const v1::ListLatestChangesResponse page, parts_.latest(list));
      records += page.changes_size();
      if (records > kMostRecords) {
        return Error(
            absl::StatusCode::kResourceExhausted, "TOO_MANY_RECORDS",
            absl::StrCat(
                model, " on ", platform, " has more than ", kMostRecords,
                " records: so many are not compared at once; look for those with the same key in the "
                "database itself"));
      }
      RETURN_IF_ERROR(take(Living(page.changes())));
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    if (records > 0) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "MODEL_NOT_CAPTURED",
                 absl::StrCat("the change log has nothing of ", model, " on ", platform,
                              ": it is captured where a sync, also a paused one, reads from it"));
  }

  static Changes Living(const Changes& changes) {
    Changes living;
    for (const v1::Change& change : changes) {
      if (change.operation() != v1::OPERATION_DELETE) *living.Add() = change;
    }
    return living;
  }

  // For each of the records, whether the other model has a record of its entity.
  absl::StatusOr<std::vector<bool>> AreKnown(const Changes& changes, bool at_target) const {
    std::vector<bool> known(static_cast<size_t>(changes.size()), false);
    if (changes.empty()) return known;
    v1::ResolveRequest request;
    v1::ResolveGroup* const group = request.add_groups();
    group->set_platform(at_target ? sync_.target_platform() : sync_.source_platform());
    group->set_model(at_target ? sync_.target_model() : sync_.source_model());
    group->set_target_platform(at_target ? sync_.source_platform() : sync_.target_platform());
    group->set_target_model(at_target ? sync_.source_model() : sync_.target_model());
    for (const v1::Change& change : changes) group->add_local_ids(change.local_id());
    ASSIGN_OR_RETURN(const v1::ResolveResponse response, parts_.ledger.resolve(request));
    if (response.groups_size() != 1 || response.groups(0).target_local_ids_size() != changes.size())
      return absl::InternalError("Resolve: the answer does not fit the question");
    for (size_t i = 0; i < known.size(); ++i)
      known[i] = !response.groups(0).target_local_ids(static_cast<int>(i)).empty();
    return known;
  }

  absl::Status TakeTarget(const Changes& changes) {
    ASSIGN_OR_RETURN(const std::vector<bool> known, AreKnown(changes, true));
    for (int i = 0; i < changes.size(); ++i) {
      response_.set_target_count(response_.target_count() + 1);
      if (known[static_cast<size_t>(i)]) continue;
      const v1::Change& change = changes[i];
      v1::Value converted;
      contacts_.AddTarget(
          change.local_id(), HashesBy([&](const std::string& name) -> const v1::Value* {
            const auto field = std::find_if(change.fields().begin(), change.fields().end(),
                                            [&](const v1::Field& one) { return one.name() == name; });
            if (field == change.fields().end()) return nullptr;
            const v1::CompiledField* const rule = RuleOf(name);
            // References are compared by the target's own ids.
            if (rule == nullptr || rule->is_reference()) return &field->value();
            return value::Convert(field->value(), rule->target_field(), &converted).has_value() ? nullptr
                                                                                                : &converted;
          }));
    }
    return absl::OkStatus();
  }

  absl::Status TakeSource(const Changes& changes) {
    if (changes.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::vector<bool> known, AreKnown(changes, false));
    google::protobuf::Arena arena;
    const bus::v1::ChangeBatch batch = BatchOf(changes);
    const bus::v1::ChangeBatch* const batches[] = {&batch};
    Rendering rendering;
    const std::vector<Wave> waves =
        Collect(batches, static_cast<size_t>(batch.changes_size()));  // no record twice: one
    for (const Wave& wave : waves)
      RETURN_IF_ERROR(Render(rules_, wave, Missing::kLeave, parts_.ledger, nullptr, &arena, &rendering));
    absl::flat_hash_map<absl::string_view, const Item*> items;
    for (const Item& item : rendering.mapped.items)
      items.emplace(rendering.routed.changes[item.change].logged().local_id(), &item);
    for (int i = 0; i < changes.size(); ++i) {
      const auto found = items.find(changes[i].local_id());
      TakeRecord(changes[i].local_id(), known[static_cast<size_t>(i)],
                 found == items.end() ? nullptr : found->second);
    }
    return absl::OkStatus();
  }

  void TakeRecord(const std::string& local_id, bool is_known, const Item* item) {
    const bool is_left_out =
        item == nullptr || item->shape->departure != nullptr ||
        (item->outcome.has_value() && item->outcome->status() == v1::OUTCOME_STATUS_REJECTED);
    if (is_left_out) return response_.set_left_out_count(response_.left_out_count() + 1);
    response_.set_source_count(response_.source_count() + 1);
    if (is_known) return response_.set_known_count(response_.known_count() + 1);
    const bool is_met =
        contacts_.AddSource(local_id, HashesBy([&](const std::string& name) -> const v1::Value* {
                              for (size_t i = 0; i < item->shape->fields.size(); ++i) {
                                if (item->shape->fields[i]->rule->target() == name)
                                  return &item->delivery->values(static_cast<int>(i));
                              }
                              return nullptr;
                            }));
    if (is_met) return;
    response_.set_source_only_count(response_.source_only_count() + 1);
    if (response_.source_only_size() < samples_) response_.add_source_only()->add_source_ids(local_id);
  }

  template <typename ValueOf>
  Contacts::KeyHashes HashesBy(ValueOf value_of) const {
    Contacts::KeyHashes hashes;
    for (const v1::NaturalKey& key : sync_.natural_keys()) {
      std::string text;
      const bool is_whole =
          std::all_of(key.fields().begin(), key.fields().end(), [&](const std::string& name) {
            const v1::Value* const value = value_of(name);
            return value != nullptr && AppendKeyPart(*value, &text);
          });
      hashes.push_back(is_whole ? value::Digest(text) : "");
    }
    return hashes;
  }

  const v1::CompiledField* RuleOf(const std::string& name) const {
    const auto found = std::find_if(compiled_.fields().begin(), compiled_.fields().end(),
                                    [&](const v1::CompiledField& field) { return field.target() == name; });
    return found == compiled_.fields().end() ? nullptr : &*found;
  }

  bus::v1::ChangeBatch BatchOf(const Changes& changes) const {
    bus::v1::ChangeBatch batch;
    batch.set_is_replay(true);
    batch.add_models()->set_platform(sync_.source_platform());
    batch.mutable_models(0)->set_model(sync_.source_model());
    for (const v1::Change& change : changes) AddLogged(change, &batch);
    return batch;
  }

  const RehearseParts& parts_;
  const v1::CompiledSync& compiled_;
  const v1::Sync& sync_;
  const RuleSet rules_;
  const int samples_;
  Contacts contacts_;
  v1::MatchRecordsResponse response_;
};

}  // namespace

absl::StatusOr<v1::MatchRecordsResponse> MatchRecords(const RehearseParts& parts,
                                                      const v1::MatchRecordsRequest& request) {
  RETURN_IF_ERROR(Validate(request));
  v1::CompileRulesRequest compile;
  *compile.mutable_sync() = request.sync();
  ASSIGN_OR_RETURN(const v1::Rules rules, parts.compile(compile));
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    if (compiled.sync().name() != request.sync().name()) continue;
    return Matcher(parts, compiled, request.samples() == 0 ? kDefaultSamples : request.samples()).Run();
  }
  return absl::InternalError("CompileRules: the sync is not among the rules");
}

}  // namespace cognate::transformer
