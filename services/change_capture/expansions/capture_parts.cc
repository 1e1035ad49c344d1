#include "services/change_capture/expansions/capture_parts.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/fields_wire.h"
#include "services/change_capture/model_lookup.h"

namespace cognate::change_capture {
namespace {

constexpr int kMaxSets = 1000;
constexpr int kTries = 5;
constexpr size_t kMaxKeys = 10'000;  // of one question to the log

absl::Status CheckPart(const std::string& path, const v1::Part& part,
                       absl::flat_hash_set<absl::string_view>* seen) {
  if (part.local_id().empty() || part.local_id().size() > value::kMaxLocalIdBytes)
    return FieldInvalid(path + ".local_id", absl::StrCat(part.local_id().size(), " bytes"),
                        absl::StrCat("1 to ", value::kMaxLocalIdBytes, " bytes"));
  if (!seen->insert(part.local_id()).second)
    return FieldInvalid(path + ".local_id", part.local_id(), "no part twice");
  return absl::OkStatus();
}

absl::Status CheckSet(int index, const v1::PartSet& set) {
  const std::string path = absl::StrCat("sets[", index, "].");
  if (set.parent().platform().empty() || set.parent().model().empty() || set.parent().local_id().empty())
    return FieldMissing(path + "parent",
                        "the platform, model and local id of the record that the parts are of");
  if (set.model().empty()) return FieldMissing(path + "model", "the parts' model");
  if (set.version() <= 0) return FieldMissing(path + "version", "the version of the parent's change");
  if (!set.parts().empty() && (set.has_error() || set.skipped()))
    return FieldInvalid(path + "parts", absl::StrCat(set.parts_size()), "none beside an error or skipped");
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < set.parts_size(); ++i)
    RETURN_IF_ERROR(CheckPart(absl::StrCat(path, "parts[", i, "]"), set.parts(i), &seen));
  return absl::OkStatus();
}

absl::Status Check(const v1::CapturePartsRequest& request) {
  if (request.sets().empty()) return FieldMissing("sets", absl::StrCat("1 to ", kMaxSets));
  if (request.sets_size() > kMaxSets) return BatchTooLarge("sets", request.sets_size(), kMaxSets);
  for (int i = 0; i < request.sets_size(); ++i) RETURN_IF_ERROR(CheckSet(i, request.sets(i)));
  return absl::OkStatus();
}

// The sets of one request: compared with what is known, and written in one commit.
class Taker {
 public:
  Taker(const PartsParts& parts, const v1::CapturePartsRequest& request) : parts_(parts), request_(request) {}

  // In the order of keys, so that several processes lock rows in one order. Of a record that comes twice the
  // newest set counts.
  absl::Status Sort() {
    ModelLookup models(parts_.log);
    for (const v1::PartSet& set : request_.sets()) {
      ASSIGN_OR_RETURN(const LoggedModel* parent, models.Find(set.parent()));
      if (parent == nullptr) {
        ASSIGN_OR_RETURN(parent, parts_.log.FindOrAddModel(set.parent().platform(), set.parent().model()));
      }
      ASSIGN_OR_RETURN(const LoggedModel* const model,
                       parts_.log.FindOrAddModel(set.parent().platform(), set.model()));
      models_[model->model_id] = model;
      const v1::PartSet*& known = sets_[{parent->model_id, set.parent().local_id(), model->model_id}];
      if (known != nullptr) ++stale_;
      if (known == nullptr || std::make_pair(known->version(), known->rules_revision()) <=
                                  std::make_pair(set.version(), set.rules_revision()))
        known = &set;
    }
    return absl::OkStatus();
  }

  // ABORTED PARTS_MOVED_ON when another was first.
  absl::StatusOr<v1::CapturePartsResponse> Take() {
    std::vector<PartSetKey> keys;
    for (const auto& [key, set] : sets_) keys.push_back(key);
    ASSIGN_OR_RETURN(const std::vector<KnownParts> known, parts_.sets.Find(keys));
    v1::CapturePartsResponse response;
    response.set_stale_count(stale_);
    AppendGroup group;
    std::vector<StoredPartSet> stored;
    std::vector<StateKey> deleted;
    std::vector<CapturedChange> written;
    size_t i = 0;
    for (const auto& [key, set] : sets_) {
      PartDiff diff = Compare(known[i++], *set);
      if (diff.is_stale) response.set_stale_count(response.stale_count() + 1);
      if (!diff.writes) continue;
      const LoggedModel* const model = models_.at(key.model_id);
      for (std::string& id : diff.deleted) deleted.push_back({model, std::move(id)});
      for (const int place : diff.updated)
        written.push_back(ChangeOf(model, *set, place, v1::OPERATION_UPDATE));
      for (const int place : diff.created)
        written.push_back(ChangeOf(model, *set, place, v1::OPERATION_CREATE));
      response.set_updated_count(response.updated_count() + static_cast<int>(diff.updated.size()));
      response.set_created_count(response.created_count() + static_cast<int>(diff.created.size()));
      stored.push_back({key, std::move(diff.next), absl::Time()});
    }
    response.set_deleted_count(static_cast<int>(deleted.size()));
    if (stored.empty()) return response;
    // What is gone makes room first: a target may have a unique value among siblings.
    RETURN_IF_ERROR(AddDeletes(deleted, &group.changes));
    for (CapturedChange& change : written) group.changes.push_back(std::move(change));
    group.along = [&stored](postgres::Transaction& transaction) {
      return PartSetStore::Write(transaction, stored);
    };
    RETURN_IF_ERROR(parts_.appender.Append(std::move(group)).get().status());
    return response;
  }

 private:
  static CapturedChange ChangeOf(const LoggedModel* model, const v1::PartSet& set, int place,
                                 v1::Operation operation) {
    CapturedChange change;
    change.model = model;
    change.local_id = set.parts(place).local_id();
    change.operation = operation;
    change.fields = SerializeFields(set.parts(place).fields().fields());
    return change;
  }

  // With their last states, as other deletes have them.
  absl::Status AddDeletes(const std::vector<StateKey>& deleted, std::vector<CapturedChange>* changes) {
    absl::flat_hash_map<std::pair<int32_t, std::string>, std::string> last;
    for (size_t begin = 0; begin < deleted.size(); begin += kMaxKeys) {
      const auto slice = absl::MakeConstSpan(deleted).subspan(begin, kMaxKeys);
      ASSIGN_OR_RETURN(std::vector<LoggedState> states, parts_.log.LatestStates(slice));
      for (LoggedState& state : states)
        last[{state.model->model_id, state.local_id}] = std::move(state.fields);
    }
    for (const StateKey& key : deleted) {
      CapturedChange& change = changes->emplace_back();
      change.model = key.model;
      change.local_id = key.local_id;
      change.operation = v1::OPERATION_DELETE;
      change.fields = last[{key.model->model_id, key.local_id}];
    }
    return absl::OkStatus();
  }

  const PartsParts& parts_;
  const v1::CapturePartsRequest& request_;
  std::map<PartSetKey, const v1::PartSet*> sets_;
  absl::flat_hash_map<int32_t, const LoggedModel*> models_;
  int stale_ = 0;
};

}  // namespace

absl::StatusOr<v1::CapturePartsResponse> CaptureParts(const PartsParts& parts,
                                                      const v1::CapturePartsRequest& request) {
  RETURN_IF_ERROR(Check(request));
  Taker taker(parts, request);
  RETURN_IF_ERROR(taker.Sort());
  absl::StatusOr<v1::CapturePartsResponse> taken = taker.Take();
  for (int tries = 1; tries < kTries && ErrorReason(taken.status()) == ErrorReason(PartsMovedOn()); ++tries)
    taken = taker.Take();
  return taken;
}

}  // namespace cognate::change_capture
