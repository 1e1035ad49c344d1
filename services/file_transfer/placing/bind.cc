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

// What is kept of it.
absl::Status Leave(BindWork& work) {
  std::set<BindingKey> keys;
  std::map<std::tuple<Uuid, std::string, std::string>, int> last;
  for (Wanted& wanted : work.wanted) {
    const bool waits =
        wanted.out->state() == v1::PLACEMENT_STATE_LACKING || wanted.out->state() == v1::PLACEMENT_STATE_DUE;
    int& position = last[{wanted.target_key.entity, wanted.target_key.model, wanted.target_key.field}];
    position = std::max(position, wanted.target_key.position);
    if (!keys.insert(wanted.target_key).second) continue;
    if (waits) {
      work.changes.waits.push_back({wanted.target_key, wanted.source->id, wanted.source_path, Hash(wanted),
                                    wanted.target_path, 0, work.start});
    } else {
      work.changes.settled.push_back(wanted.target_key);
    }
    if (wanted.is_linked) {
      work.changes.unbound.push_back(wanted.target_key);
      continue;
    }
    if (wanted.out->state() == v1::PLACEMENT_STATE_REFUSED) continue;
    const bool is_placed = wanted.out->state() == v1::PLACEMENT_STATE_PLACED;
    work.changes.bindings.push_back(
        {wanted.target_key, Hash(wanted), is_placed ? wanted.out->value().text_value() : ""});
    if (!wanted.source_path.empty() && keys.insert(wanted.source_key).second)
      work.changes.bindings.push_back({wanted.source_key, Hash(wanted), wanted.source_path});
  }
  for (const auto& [field, position] : last) {
    work.changes.last_positions.push_back(
        {work.request.platform(), std::get<0>(field), std::get<1>(field), std::get<2>(field), position});
  }
  const auto by_path = [](const ReadRow& read) { return std::tie(read.platform, read.path); };
  std::sort(work.changes.reads.begin(), work.changes.reads.end(),
            [&](const auto& a, const auto& b) { return by_path(a) < by_path(b); });
  work.changes.reads.erase(
      std::unique(work.changes.reads.begin(), work.changes.reads.end(),
                  [&](const auto& a, const auto& b) { return by_path(a) == by_path(b); }),
      work.changes.reads.end());
  RETURN_IF_ERROR(work.parts.store.Commit(std::move(work.changes), work.start));
  for (const PlacementRow& row : work.ended) work.parts.teller.Ended(row);
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

bool BindWork::is_late() const { return parts.clock.Now() - start > kLongest; }

bool BindWork::is_settled(const FileStand& stand) const {
  return start - absl::FromUnixNanos(stand.modify_time_ns) > kSettled;
}

void BindWork::See(const std::string& platform, const std::string& path, const FileStand& stand,
                   const std::string& sha256) {
  if (seen.emplace(platform, path).second) changes.seen.push_back({platform, path, stand, sha256});
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
