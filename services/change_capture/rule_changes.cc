#include "services/change_capture/rule_changes.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/value/fingerprint.h"
#include "services/change_capture/expansions/parents.h"
#include "services/change_capture/run_loop.h"
#include "services/clients/ways_back.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kSelectRules{"select_sync_rules",
                                       "SELECT sync, digest, rules_revision FROM sync_rules"};

const postgres::Statement kInsertRules{"insert_sync_rules", R"sql(
    INSERT INTO sync_rules (sync, digest, rules_revision) VALUES ($1, $2, $3) ON CONFLICT (sync) DO NOTHING
)sql"};

// A process that knows newer rules has the last word.
const postgres::Statement kUpdateRules{"update_sync_rules", R"sql(
    UPDATE sync_rules SET digest = $2, rules_revision = $3 WHERE sync = $1 AND rules_revision < $3
)sql"};

const postgres::Statement kForgetRules{"forget_sync_rules", R"sql(
    DELETE FROM sync_rules WHERE rules_revision < $2 AND sync <> ALL ($1::text[])
)sql"};

struct KnownRules {
  std::string digest;
  int64_t revision = 0;
};

// Of all that decides what a living record becomes on the target. What a delete becomes is not among it, nor
// who wins where edits meet, when it is delivered, or what a mirror removes: none of it is done again.
std::string DigestOf(v1::CompiledSync compiled) {
  v1::Sync& sync = *compiled.mutable_sync();
  sync.clear_status();
  sync.clear_title();
  sync.clear_revision();
  sync.clear_create_time();
  sync.clear_update_time();
  sync.clear_etag();
  sync.clear_broken();
  compiled.clear_broken();
  sync.clear_max_leaving_percent();
  if (sync.has_guard()) {
    const v1::LeaveGuardState state = sync.guard().state();
    sync.mutable_guard()->Clear();
    sync.mutable_guard()->set_state(state);
  }
  sync.clear_on_delete();
  sync.clear_conflict_policy();
  // In whose name a record is written is no part of it: its next delivery carries it.
  sync.clear_acting_identity();
  compiled.clear_acting_identity();
  sync.clear_schedule();
  sync.clear_mirror();
  for (v1::FieldMapping& field : *sync.mutable_fields()) field.clear_conflict_policy();
  return value::Digest(compiled.SerializeAsString());
}

// Of all that decides which parts there are; empty for a model that is no expansion's.
std::string DigestOfExpansion(const v1::Rules& rules, const v1::Sync& sync) {
  const v1::CompiledExpansion* const found =
      FindExpansion(rules, sync.source_platform(), sync.source_model());
  if (found == nullptr) return "";
  v1::CompiledExpansion expansion = *found;
  expansion.clear_broken();
  return value::Digest(expansion.SerializeAsString());
}

// Parts that come out otherwise are new changes by themselves: all others need no new version.
bool IsOnlyExpansion(absl::string_view before, absl::string_view now) {
  constexpr size_t kRules = 16;  // of the digest, before that of the expansion
  return before.size() > kRules && now.size() > kRules && before.substr(0, kRules) == now.substr(0, kRules);
}

// A run that began now would only be followed by another one when what leaves is counted.
bool IsCounting(const v1::Sync& sync) { return sync.guard().state() == v1::LEAVE_GUARD_STATE_COUNTING; }

bool IsNew(const v1::Sync& sync) {
  return sync.create_time().seconds() == sync.update_time().seconds() &&
         sync.create_time().nanos() == sync.update_time().nanos();
}

}  // namespace

absl::Status RuleChanges::Look(RunLoop& loop) {
  const std::shared_ptr<const v1::Rules> rules = catalogue_.Rules();
  if (rules->revision() == revision_) return absl::OkStatus();
  RETURN_IF_ERROR(LookAt(*rules, loop));
  revision_ = rules->revision();
  return absl::OkStatus();
}

absl::Status RuleChanges::LookAt(const v1::Rules& rules, RunLoop& loop) {
  absl::flat_hash_map<std::string, KnownRules> known;
  std::vector<std::string> names;
  for (const v1::CompiledSync& compiled : rules.syncs()) names.push_back(compiled.sync().name());
  RETURN_IF_ERROR(pool_.Run("read_sync_rules", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectRules, {}));
    for (int row = 0; row < rows.size(); ++row) {
      known[std::string(rows.GetText(row, 0))] = {std::string(rows.GetBytes(row, 1)), rows.GetInt64(row, 2)};
    }
    postgres::Params params;
    params.AddTextArray(names).AddInt64(rules.revision());
    return transaction.Query(kForgetRules, params).status();
  }));
  for (const v1::CompiledSync& compiled : rules.syncs()) {
    const v1::Sync& sync = compiled.sync();
    const std::string digest = DigestOf(compiled) + DigestOfExpansion(rules, sync);
    const auto before = known.find(sync.name());
    const bool is_known = before != known.end();
    const bool takes_changes = clients::TakesChanges(compiled);
    if (is_known && !takes_changes) continue;  // when it does again
    if (is_known && (before->second.digest == digest || before->second.revision >= rules.revision()))
      continue;
    if (!IsCounting(sync) && (is_known || (takes_changes && !IsNew(sync)))) {
      // The same request of every process that sees this change.
      const std::string request =
          absl::StrCat("rules of ", sync.name(), " since ", is_known ? before->second.revision : 0, ": ",
                       absl::BytesToHexString(digest));
      const v1::RunKind kind = is_known && IsOnlyExpansion(before->second.digest, digest)
                                   ? v1::RUN_KIND_BACKFILL
                                   : v1::RUN_KIND_REDELIVER;
      ASSIGN_OR_RETURN(const StoredRun run, loop.NewRun(kind, sync, clock_));
      ASSIGN_OR_RETURN(const StoredRun created, runs_.Create(run, request, rules.revision()));
      log::Info("rules have changed: records are delivered again",
                {{"sync", sync.name()}, {"run", created.id.ToString()}});
    }
    RETURN_IF_ERROR(pool_.Run("note_sync_rules", [&](postgres::Transaction& transaction) -> absl::Status {
      postgres::Params params;
      params.AddText(sync.name()).AddBytes(digest).AddInt64(rules.revision());
      return transaction.Query(is_known ? kUpdateRules : kInsertRules, params).status();
    }));
  }
  return absl::OkStatus();
}

}  // namespace cognate::change_capture
