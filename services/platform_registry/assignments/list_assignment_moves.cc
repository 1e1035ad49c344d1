#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/assignments/assignments.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

constexpr int kDefaultPage = 1'000;
constexpr int kMaxPage = 10'000;

// A sync that looks at assignments, by numbers.
struct Looker {
  int32_t source_model_id = 0;
  int32_t target_model_id = 0;
  PlatformNumberSet platforms;  // that it asks for
};

PlatformNumberSet DifferenceOf(const StoredAssignmentChange& change) {
  PlatformNumberSet differing;
  std::set_symmetric_difference(change.before.begin(), change.before.end(), change.after.begin(),
                                change.after.end(), std::back_inserter(differing));
  return differing;
}

// Those that ask for a platform of which something has changed. Paused and broken syncs, too: what they
// missed comes with a backfill, which replays what is newest.
absl::StatusOr<std::vector<Looker>> Lookers(const AssignmentParts& parts, const v1::Rules& rules,
                                            const PlatformTable& platforms,
                                            const std::vector<StoredAssignmentChange>& changes) {
  std::vector<Looker> lookers;
  absl::flat_hash_set<int32_t> differing;
  for (const StoredAssignmentChange& change : changes) {
    for (const int32_t platform : DifferenceOf(change)) differing.insert(platform);
  }
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    if (compiled.assignment_platforms().empty()) continue;
    const v1::Sync& sync = compiled.sync();
    Looker looker;
    for (const std::string& platform : compiled.assignment_platforms()) {
      const std::optional<int32_t> number = platforms.Find(platform);
      if (number.has_value() && differing.contains(*number)) looker.platforms.push_back(*number);
    }
    if (looker.platforms.empty()) continue;
    ASSIGN_OR_RETURN(const ModelId source, parts.ids.Find(sync.source_platform(), sync.source_model()));
    ASSIGN_OR_RETURN(const ModelId target, parts.ids.Find(sync.target_platform(), sync.target_model()));
    looker.source_model_id = source.model_id;
    looker.target_model_id = target.model_id;
    lookers.push_back(std::move(looker));
  }
  return lookers;
}

// Of each entity and source model the target models for which its record is to be judged anew.
using Wanted = std::map<std::pair<Uuid, int32_t>, std::set<int32_t>>;

Wanted WantedBy(const std::vector<StoredAssignmentChange>& changes, const std::vector<Looker>& lookers) {
  Wanted wanted;
  for (const StoredAssignmentChange& change : changes) {
    const PlatformNumberSet differing = DifferenceOf(change);
    for (const Looker& looker : lookers) {
      const bool looks = absl::c_any_of(
          looker.platforms, [&](int32_t platform) { return absl::c_binary_search(differing, platform); });
      if (looks) wanted[{change.entity, looker.source_model_id}].insert(looker.target_model_id);
    }
  }
  return wanted;
}

struct ModelWords {
  std::string platform;
  std::string model;
};

absl::StatusOr<absl::flat_hash_map<int32_t, ModelWords>> SourceModels(const AssignmentParts& parts,
                                                                      const v1::Rules& rules) {
  absl::flat_hash_map<int32_t, ModelWords> words;
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    if (compiled.assignment_platforms().empty()) continue;
    const v1::Sync& sync = compiled.sync();
    ASSIGN_OR_RETURN(const ModelId source, parts.ids.Find(sync.source_platform(), sync.source_model()));
    words[source.model_id] = {sync.source_platform(), sync.source_model()};
  }
  return words;
}

absl::Status AddMoves(const AssignmentParts& parts, const v1::Rules& rules, const Wanted& wanted,
                      v1::ListAssignmentMovesResponse* response) {
  std::vector<Uuid> entities;
  std::vector<int32_t> model_ids;
  for (const auto& [key, targets] : wanted) {
    entities.push_back(key.first);
    model_ids.push_back(key.second);
  }
  using Words = absl::flat_hash_map<int32_t, ModelWords>;
  ASSIGN_OR_RETURN(const Words words, SourceModels(parts, rules));
  ASSIGN_OR_RETURN(const std::vector<SourceRecord> records, parts.store.FindRecords(entities, model_ids));
  for (const SourceRecord& record : records) {
    v1::AssignmentMove* const move = response->add_moves();
    const ModelWords& model = words.at(record.model_id);
    move->mutable_record()->set_platform(model.platform);
    move->mutable_record()->set_model(model.model);
    move->mutable_record()->set_local_id(record.local_id);
    move->set_entity_id(std::string(record.entity.AsBytes()));
    for (const int32_t target : wanted.at({record.entity, record.model_id})) move->add_targets(target);
    move->set_is_home(record.is_home);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListAssignmentMovesResponse> ListAssignmentMoves(
    const AssignmentParts& parts, const v1::ListAssignmentMovesRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxPage) {
    return InvalidField("page_size", absl::StrCat("got ", request.page_size(), ", want 0 to ", kMaxPage));
  }
  const int limit = request.page_size() == 0 ? kDefaultPage : request.page_size();
  v1::ListAssignmentMovesResponse response;
  response.set_last_revision(request.after_revision());
  ASSIGN_OR_RETURN(const std::vector<StoredAssignmentChange> changes,
                   parts.store.ChangesAfter(request.after_revision(), limit));
  if (changes.empty()) return response;
  response.set_last_revision(changes.back().revision);
  response.set_has_more(changes.size() == static_cast<size_t>(limit));
  // Read after the changes: a sync that is newer than these finds the assignments as they are.
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Rules> rules, parts.rules.Get());
  ASSIGN_OR_RETURN(const std::shared_ptr<const PlatformTable> platforms, parts.platforms.Read());
  ASSIGN_OR_RETURN(const std::vector<Looker> lookers, Lookers(parts, *rules, *platforms, changes));
  const Wanted wanted = WantedBy(changes, lookers);
  if (!wanted.empty()) RETURN_IF_ERROR(AddMoves(parts, *rules, wanted, &response));
  return response;
}

}  // namespace cognate::platform_registry
