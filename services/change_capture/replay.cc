#include "services/change_capture/replay.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/model_lookup.h"
#include "services/change_capture/renewal.h"

namespace cognate::change_capture {
namespace {

constexpr int kMaxRecords = 10'000;

// Their deletes as new versions.
absl::StatusOr<v1::ReplayResponse> ReplayDeleted(ChangeLog& log, ReplayWriter& writer,
                                                 const v1::ReplayRequest& request) {
  ModelLookup models(log);
  absl::flat_hash_map<std::pair<const LoggedModel*, absl::string_view>, int64_t> wanted;
  int unknown_count = 0;
  for (int i = 0; i < request.records_size(); ++i) {
    ASSIGN_OR_RETURN(const LoggedModel* model, models.Find(request.records(i)));
    if (model == nullptr) {
      ++unknown_count;
      continue;
    }
    int64_t& before = wanted[{model, request.records(i).local_id()}];
    before = std::max(before, request.deleted_before(i));
  }
  std::vector<DeletedRecord> records;
  for (const auto& [key, before] : wanted) records.push_back({key.first, std::string(key.second), before});
  v1::ReplayResponse response;
  response.set_unknown_count(unknown_count);
  if (records.empty()) return response;
  RETURN_IF_ERROR(writer.WriteMade(
      {}, [&](postgres::Transaction& transaction) -> absl::StatusOr<std::vector<LoggedState>> {
        ASSIGN_OR_RETURN(std::vector<LoggedState> renewed, RenewDeletes(transaction, records));
        response.set_replayed_count(static_cast<int32_t>(renewed.size()));
        return renewed;
      }));
  return response;
}

}  // namespace

absl::StatusOr<v1::ReplayResponse> Replay(ChangeLog& log, ReplayWriter& writer,
                                          const v1::ReplayRequest& request) {
  if (request.records_size() > kMaxRecords) {
    return FieldInvalid("records", absl::StrCat(request.records_size(), " records"),
                        absl::StrCat("at most ", kMaxRecords));
  }
  if (!request.deleted_before().empty()) {
    if (request.deleted_before_size() != request.records_size()) {
      return FieldInvalid("deleted_before", absl::StrCat(request.deleted_before_size(), " versions"),
                          "one for each record, or none");
    }
    if (!request.target_platform().empty() || request.allow_incomplete()) {
      return FieldInvalid("deleted_before", "target_platform or allow_incomplete beside it",
                          "none of them: a delete goes everywhere");
    }
    for (const int64_t version : request.deleted_before()) {
      if (version < 1) return FieldInvalid("deleted_before", absl::StrCat(version), "versions above 0");
    }
    return ReplayDeleted(log, writer, request);
  }
  ModelLookup models(log);
  absl::flat_hash_map<std::pair<const LoggedModel*, absl::string_view>, int> wanted;  // how often
  for (const v1::RecordKey& record : request.records()) {
    ASSIGN_OR_RETURN(const LoggedModel* model, models.Find(record));
    if (model != nullptr) ++wanted[{model, record.local_id()}];
  }
  std::vector<StateKey> keys;
  keys.reserve(wanted.size());
  for (const auto& [key, count] : wanted) keys.push_back({key.first, std::string(key.second)});
  ASSIGN_OR_RETURN(std::vector<LoggedState> states, log.LatestStates(keys));
  int known_count = 0;
  for (const LoggedState& state : states) known_count += wanted[{state.model, state.local_id}];
  v1::ReplayResponse response;
  response.set_replayed_count(static_cast<int32_t>(states.size()));
  response.set_unknown_count(request.records_size() - known_count);
  RETURN_IF_ERROR(writer.Write(std::move(states), {request.target_platform(), request.allow_incomplete()}));
  return response;
}

}  // namespace cognate::change_capture
