#include "services/change_capture/restores/restores.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/change_capture/conflicts/merge.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/paging.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

constexpr int kMostItems = 500;

// "{model number}/{local id}": behind that record of that model.
struct Place {
  int32_t model_id = 0;
  std::string local_id;
};

absl::StatusOr<Place> PlaceOf(const std::string& token) {
  Place place;
  if (token.empty()) return place;
  const std::pair<std::string, std::string> parts = absl::StrSplit(token, absl::MaxSplits('/', 1));
  if (!absl::StrContains(token, '/') || !absl::SimpleAtoi(parts.first, &place.model_id))
    return FieldInvalid("page_token", token, "the next_page_token of a page of the same request");
  place.local_id = parts.second;
  return place;
}

bool IsThere(const std::optional<LoggedState>& state) {
  return state.has_value() && state->operation != v1::OPERATION_DELETE;
}

absl::StatusOr<v1::PastRecord> Describe(const LoggedModel& model, const std::string& local_id,
                                        const PastStore::Past& past) {
  v1::PastRecord record;
  record.mutable_record()->set_platform(model.platform);
  record.mutable_record()->set_model(model.model);
  record.mutable_record()->set_local_id(local_id);
  if (past.now.has_value()) record.set_latest_version(past.now->version);
  if (!IsThere(past.then)) {
    record.set_state(IsThere(past.now) ? v1::PAST_STATE_MADE_SINCE : v1::PAST_STATE_SAME);
    return record;
  }
  record.set_version(past.then->version);
  v1::Fields fields;
  if (!fields.ParseFromString(past.then->fields)) return FieldsUnreadable(past.then->version);
  if (!IsThere(past.now)) {
    record.set_state(v1::PAST_STATE_DELETED_SINCE);
  } else {
    ASSIGN_OR_RETURN(const ValuesByField now, ValuesOf(*past.now));
    for (const v1::Field& field : fields.fields()) {
      if (!IsSame(At(now, field.name()), field.value())) record.add_changed_fields(field.name());
    }
    record.set_state(record.changed_fields().empty() ? v1::PAST_STATE_SAME : v1::PAST_STATE_CHANGED);
  }
  record.mutable_fields()->Swap(fields.mutable_fields());
  return record;
}

absl::Status Add(PastStore& past, const LoggedModel& model, const std::vector<std::string>& local_ids,
                 absl::Time time, v1::ListPastRecordsResponse* response) {
  std::vector<RecordId> records;
  for (const std::string& local_id : local_ids) records.emplace_back(model.model_id, local_id);
  ASSIGN_OR_RETURN(const std::vector<PastStore::Past> pasts, past.At(records, time));
  for (size_t i = 0; i < records.size(); ++i) {
    if (!IsThere(pasts[i].then) && !IsThere(pasts[i].now)) continue;
    ASSIGN_OR_RETURN(*response->add_records(), Describe(model, local_ids[i], pasts[i]));
  }
  return absl::OkStatus();
}

// The fields that syncs which take changes write to the model.
absl::flat_hash_set<std::string> WrittenFields(const v1::Rules& rules, const std::string& platform,
                                               const std::string& model) {
  absl::flat_hash_set<std::string> written;
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    if (sync.target_platform() != platform || sync.target_model() != model ||
        !clients::TakesChanges(compiled))
      continue;
    for (const v1::CompiledField& field : compiled.fields()) written.insert(field.target());
  }
  return written;
}

absl::Status CheckItem(const v1::RestoreItem& item, int i) {
  const auto path = [&](absl::string_view field) { return absl::StrCat("items[", i, "].", field); };
  if (item.model().empty()) return FieldMissing(path("model"), "the record's model");
  if (item.local_id().empty()) return FieldMissing(path("local_id"), "the record's local id");
  if (item.latest_version() <= 0)
    return FieldInvalid(path("latest_version"), absl::StrCat(item.latest_version()),
                        "that of ListPastRecords");
  if (item.state_case() == v1::RestoreItem::STATE_NOT_SET)
    return FieldMissing(path("version"), "a version, or fields");
  return absl::OkStatus();
}

absl::Status Check(const v1::RestoreRecordsRequest& request) {
  if (request.platform().empty()) return FieldMissing("platform", "the platform's id");
  if (request.items().empty()) return FieldMissing("items", "1 to 500 records");
  if (request.items_size() > kMostItems) return BatchTooLarge("items", request.items_size(), kMostItems);
  for (int i = 0; i < request.items_size(); ++i) RETURN_IF_ERROR(CheckItem(request.items(i), i));
  return absl::OkStatus();
}

// What an item wants its record to be; nullopt where its version is none of the record's.
absl::StatusOr<std::optional<v1::Fields>> WantedOf(ChangeLog& log, const LoggedModel& model,
                                                   const v1::RestoreItem& item) {
  if (item.has_fields()) return std::optional<v1::Fields>(item.fields());
  const int64_t version = item.version();
  ASSIGN_OR_RETURN(const std::vector<LoggedState> states, log.ReadVersions({version}));
  if (states.empty() || states.front().model != &model || states.front().local_id != item.local_id() ||
      states.front().operation == v1::OPERATION_DELETE)
    return std::optional<v1::Fields>();
  v1::Fields fields;
  if (!fields.ParseFromString(states.front().fields)) return FieldsUnreadable(version);
  return std::optional<v1::Fields>(std::move(fields));
}

void KeepOnly(const absl::flat_hash_set<std::string>& written, v1::Fields* fields) {
  auto* const all = fields->mutable_fields();
  all->erase(std::remove_if(all->begin(), all->end(),
                            [&](const v1::Field& field) {
                              return !written.contains(field.name()) || field.value().has_omitted_value();
                            }),
             all->end());
}

v1::RestoreOutcome OutcomeOf(Amender::Given::Outcome outcome) {
  switch (outcome) {
    case Amender::Given::Outcome::kWritten:
      return v1::RESTORE_OUTCOME_RESTORED;
    case Amender::Given::Outcome::kSame:
      return v1::RESTORE_OUTCOME_SAME;
    case Amender::Given::Outcome::kChanged:
      return v1::RESTORE_OUTCOME_CHANGED_MEANWHILE;
    case Amender::Given::Outcome::kGone:
      break;
  }
  return v1::RESTORE_OUTCOME_GONE;
}

}  // namespace

absl::StatusOr<v1::ListPastRecordsResponse> ListPastRecords(ChangeLog& log, PastStore& past,
                                                            const v1::ListPastRecordsRequest& request) {
  if (request.platform().empty()) return FieldMissing("platform", "the platform's id");
  if (!request.has_time()) return FieldMissing("time", "a time");
  if (!request.local_id().empty() && request.model().empty())
    return FieldMissing("model", "the record's model");
  ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  ASSIGN_OR_RETURN(const Place after, PlaceOf(request.page_token()));
  const absl::Time time = ToTime(request.time());
  v1::ListPastRecordsResponse response;
  ASSIGN_OR_RETURN(std::vector<int32_t> models, log.ModelIds(request.platform(), request.model()));
  std::sort(models.begin(), models.end());
  if (!request.local_id().empty()) {
    if (!models.empty()) {
      ASSIGN_OR_RETURN(const LoggedModel* const model, log.ModelById(models.front()));
      RETURN_IF_ERROR(Add(past, *model, {request.local_id()}, time, &response));
    }
    if (!response.records().empty()) return response;
    return RecordUnknown(request.platform(), request.model(), request.local_id());
  }
  const auto next = std::lower_bound(models.begin(), models.end(), after.model_id);
  if (next == models.end()) return response;
  ASSIGN_OR_RETURN(const LoggedModel* const model, log.ModelById(*next));
  const std::string from = *next == after.model_id ? after.local_id : "";
  ASSIGN_OR_RETURN(const ChangeLog::Page page, log.LatestPage(*model, from, page_size));
  std::vector<std::string> local_ids;
  for (const LoggedState& state : page.states) local_ids.push_back(state.local_id);
  std::sort(local_ids.begin(), local_ids.end());
  RETURN_IF_ERROR(Add(past, *model, local_ids, time, &response));
  if (!page.last_local_id.empty()) {
    response.set_next_page_token(absl::StrCat(*next, "/", page.last_local_id));
  } else if (std::next(next) != models.end()) {
    response.set_next_page_token(absl::StrCat(*std::next(next), "/"));
  }
  return response;
}

absl::StatusOr<v1::RestoreRecordsResponse> RestoreRecords(ChangeLog& log, Catalogue& catalogue,
                                                          Amender& amender,
                                                          const v1::RestoreRecordsRequest& request) {
  RETURN_IF_ERROR(Check(request));
  catalogue.RefreshRules().IgnoreError();  // Without the registry, what is known will do.
  const std::shared_ptr<const v1::Rules> rules = catalogue.Rules();
  const absl::flat_hash_set<clients::ModelName> ways_back = clients::ModelsOnWaysBack(*rules);
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> written;
  std::vector<Amender::Given> given;
  std::vector<int> places;
  v1::RestoreRecordsResponse response;
  for (int i = 0; i < request.items_size(); ++i) {
    const v1::RestoreItem& item = request.items(i);
    response.add_outcomes(v1::RESTORE_OUTCOME_GONE);
    if (!ways_back.contains({request.platform(), item.model()}))
      return NoWayBack(request.platform(), item.model());
    ASSIGN_OR_RETURN(const LoggedModel* const model, log.FindModel(request.platform(), item.model()));
    if (model == nullptr) continue;
    ASSIGN_OR_RETURN(std::optional<v1::Fields> wanted, WantedOf(log, *model, item));
    if (!wanted.has_value()) continue;
    auto [fields, is_new] = written.try_emplace(item.model());
    if (is_new) fields->second = WrittenFields(*rules, request.platform(), item.model());
    KeepOnly(fields->second, &*wanted);
    given.push_back({{model->model_id, item.local_id()}, item.latest_version(), *std::move(wanted)});
    places.push_back(i);
  }
  RETURN_IF_ERROR(amender.Give(&given));
  for (size_t i = 0; i < given.size(); ++i) response.set_outcomes(places[i], OutcomeOf(given[i].outcome));
  return response;
}

}  // namespace cognate::change_capture
