#include "services/file_transfer/placing/bind.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/files/rule.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"
#include "services/file_transfer/placing/wanted.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr int kMaxBindings = 10'000;
constexpr absl::Duration kLongest = absl::Seconds(8);
constexpr absl::Duration kSettled = absl::Seconds(2);

absl::Status Check(const v1::BindRequest& request) {
  if (request.platform().empty())
    return InvalidField("platform", "got nothing, want the target platform's id");
  if (request.bindings_size() > kMaxBindings)
    return InvalidField("bindings", StrCat("got ", request.bindings_size(), ", want at most ", kMaxBindings));
  for (int i = 0; i < request.rules_size(); ++i) {
    const std::vector<FieldViolation> faults = files::RuleFaults(request.rules(i), StrCat("rules[", i, "]"));
    if (!faults.empty()) return InvalidField(faults[0].field, faults[0].description);
  }
  for (int i = 0; i < request.bindings_size(); ++i) {
    const v1::FileBinding& binding = request.bindings(i);
    const auto at = [&](const char* field) { return StrCat("bindings[", i, "].", field); };
    if (!Uuid::FromBytes(binding.entity_id()).ok())
      return InvalidField(at("entity_id"), "got another size, want 16 bytes");
    if (binding.model().empty()) return InvalidField(at("model"), "got nothing, want the target model");
    if (binding.field().empty()) return InvalidField(at("field"), "got nothing, want the target field");
    if (binding.source().platform().empty())
      return InvalidField(at("source.platform"), "got nothing, want the source platform's id");
    if (binding.rule() < 0 || binding.rule() >= request.rules_size())
      return InvalidField(at("rule"), StrCat("got ", binding.rule(), ", want a number of rules"));
  }
  return absl::OkStatus();
}

std::optional<std::string> Hash(const Wanted& wanted) {
  return wanted.sha256.empty() ? std::nullopt : std::optional<std::string>(wanted.sha256);
}

// Behind the last position of each field nothing is left.
class LastPositions {
 public:
  void See(const BindingKey& key) {
    int& position = last_[{key.platform, key.entity, key.model, key.field}];
    position = std::max(position, key.position);
  }
  std::vector<BindingKey> Keys() const {
    std::vector<BindingKey> keys;
    for (const auto& [field, position] : last_)
      keys.push_back(
          {std::get<0>(field), std::get<1>(field), std::get<2>(field), std::get<3>(field), position});
    return keys;
  }

 private:
  std::map<std::tuple<std::string, Uuid, std::string, std::string>, int> last_;
};

// Of a content that its agent has only told of nothing is kept but the wait: who names a hash has no right to
// it.
std::optional<std::string> Bound(const Wanted& wanted) {
  const bool is_to_come = wanted.is_claimed && !wanted.is_stored;
  const bool led_there_before = wanted.bound.has_value() && wanted.bound->sha256 == Hash(wanted);
  return is_to_come && !led_there_before ? std::nullopt : Hash(wanted);
}

// Its field gets an address, and leads to the file by that.
void KeepLink(BindWork& work, const Wanted& wanted, std::set<SourceFile>* linked) {
  work.changes.bindings.push_back({wanted.target_key, std::nullopt, "", wanted.link});
  if (!linked->insert(*wanted.link).second) return;
  LinkRow row = {.file = *wanted.link, .name = wanted.name, .rule = *wanted.rule};
  if (!wanted.source->has_place) row.claimed_sha256 = Hash(wanted);
  work.changes.links.push_back(std::move(row));
}

void Keep(BindWork& work, const Wanted& wanted, std::set<BindingKey>* keys, std::set<SourceFile>* linked) {
  if (wanted.waits()) {
    work.changes.waits.push_back({wanted.target_key, wanted.source->id, wanted.source_path, Hash(wanted),
                                  wanted.target_path, 0, work.start, std::nullopt});
  } else {
    work.changes.settled.push_back(wanted.target_key);
  }
  if (wanted.is_own) return;
  // What follows an address has no file of its own at its source.
  const bool has_source = !wanted.is_followed && keys->insert(wanted.source_key).second;
  if (wanted.is_linked) {
    work.changes.unbound.push_back(wanted.target_key);
    if (has_source) work.changes.unbound_sources.push_back(wanted.source_key);
    return;
  }
  if (wanted.out->state() == v1::PLACEMENT_STATE_REFUSED) return;
  const bool is_placed = wanted.out->state() == v1::PLACEMENT_STATE_PLACED;
  if (wanted.link.has_value()) {
    KeepLink(work, wanted, linked);
  } else {
    work.changes.bindings.push_back(
        {wanted.target_key, Bound(wanted), is_placed ? wanted.out->value().text_value() : ""});
  }
  if (!wanted.source_path.empty() && has_source)
    work.changes.bindings.push_back({wanted.source_key, Bound(wanted), wanted.source_path});
}

// To be told of: nothing of it is kept.
PlacementRow RefusedRow(const Wanted& wanted) {
  PlacementRow row;
  row.platform = wanted.target_key.platform;
  row.path = absl::StrCat(wanted.source->id, "/", wanted.source_path);
  row.sha256 = wanted.sha256;
  row.name = wanted.name;
  row.size_bytes = std::max<int64_t>(wanted.size_bytes, 0);
  row.state = v1::PLACEMENT_STATE_REFUSED;
  row.reason = wanted.out->error().reason();
  row.message = wanted.out->error().message();
  return row;
}

// What is kept of it.
absl::Status Leave(BindWork& work) {
  work.changes.target_platform = work.request.platform();
  std::set<BindingKey> keys;
  std::set<SourceFile> linked;
  LastPositions targets, sources;
  for (const Wanted& wanted : work.wanted) {
    targets.See(wanted.target_key);
    sources.See(wanted.source_key);
    if (keys.insert(wanted.target_key).second) Keep(work, wanted, &keys, &linked);
  }
  work.changes.last_positions = targets.Keys();
  work.changes.source_last_positions = sources.Keys();
  const auto by_path = [](const ReadRow& read) { return std::tie(read.platform, read.path); };
  std::sort(work.changes.reads.begin(), work.changes.reads.end(),
            [&](const auto& a, const auto& b) { return by_path(a) < by_path(b); });
  work.changes.reads.erase(
      std::unique(work.changes.reads.begin(), work.changes.reads.end(),
                  [&](const auto& a, const auto& b) { return by_path(a) == by_path(b); }),
      work.changes.reads.end());
  RETURN_IF_ERROR(work.changes.Commit(work.parts.stores.pool, work.start));
  for (const PlacementRow& row : work.ended) work.parts.teller.Ended(row);
  for (const Wanted& wanted : work.wanted) {
    if (wanted.out->state() == v1::PLACEMENT_STATE_REFUSED) work.parts.teller.Ended(RefusedRow(wanted));
  }
  return absl::OkStatus();
}

}  // namespace

void Wanted::Refuse(v1::OutcomeError error) {
  out->set_state(v1::PLACEMENT_STATE_REFUSED);
  *out->mutable_error() = std::move(error);
}

void Wanted::Refuse(absl::string_view reason, absl::string_view message) {
  v1::OutcomeError error;
  error.set_reason(std::string(reason));
  error.set_message(std::string(message));
  Refuse(std::move(error));
}

void Wanted::Place(v1::Value value) {
  out->set_state(v1::PLACEMENT_STATE_PLACED);
  *out->mutable_value() = std::move(value);
}

void Wanted::Wait(v1::PlacementState state, std::string what) {
  out->set_state(state);
  out->set_waits_for(std::move(what));
}

void Wanted::Lack(const absl::Status& why) {
  const std::string shown = ShownName(source_path);
  if (absl::IsNotFound(why)) {
    Wait(v1::PLACEMENT_STATE_LACKING,
         StrCat(shown, ", which is not among the files of ", source->id, " yet"));
  } else if (absl::IsPermissionDenied(why)) {
    Refuse("FILE_OUTSIDE_PLACE", StrCat("on ", source->id, " ", why.message()));
  } else {
    Wait(v1::PLACEMENT_STATE_LACKING, StrCat(shown, " of ", source->id, ": ", why.message()));
  }
}

absl::Time BindWork::until() const { return start + kLongest; }

bool BindWork::is_late() const { return is_crowded || parts.clock.Now() > until(); }

bool BindWork::is_settled(const FileStand& stand) const {
  return start - absl::FromUnixNanos(stand.modify_time_ns) > kSettled;
}

void BindWork::See(const std::string& platform, const std::string& path, const FileStand& stand,
                   const std::string& sha256) {
  if (seen.emplace(platform, path).second) changes.seen.push_back({platform, path, stand, sha256});
}

absl::Status BindWork::CheckQuota(Wanted& to_fit) {
  if (target->quota_bytes <= 0) return absl::OkStatus();
  if (!kept_bytes.has_value()) {
    ASSIGN_OR_RETURN(const PlacementTotals totals, parts.stores.placements.Totals(target->id));
    kept_bytes = totals.kept_bytes;
  }
  if (*kept_bytes + to_fit.size_bytes > target->quota_bytes) {
    to_fit.Refuse("QUOTA_EXCEEDED", StrCat(ShownName(to_fit.name), " has ", to_fit.size_bytes, " bytes, and ",
                                           target->id, " has ", *kept_bytes, " of ", target->quota_bytes,
                                           " already; raise its quota by `cognate platform update ",
                                           target->id, " --files-quota N`, then redrive"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::BindResponse> Bind(const BindParts& parts, const v1::BindRequest& request) {
  RETURN_IF_ERROR(Check(request));
  BindWork work{.parts = parts, .request = request, .start = parts.clock.Now()};
  ASSIGN_OR_RETURN(work.target, parts.platforms.Get(request.platform()));
  RETURN_IF_ERROR(Understand(work));
  RETURN_IF_ERROR(Bring(work));
  RETURN_IF_ERROR(Leave(work));
  return std::move(work.response);
}

}  // namespace cognate::file_transfer
