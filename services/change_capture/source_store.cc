#include "services/change_capture/source_store.h"

#include <algorithm>
#include <optional>

#include "absl/strings/substitute.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

const postgres::Statement kTakeOver = {"source_take_over", R"sql(
    INSERT INTO sources AS s (platform, owner, state, update_time)
    VALUES ($1, 1, $3, $2)
    ON CONFLICT (platform) DO UPDATE SET owner = s.owner + 1, sequence = 0, update_time = $2
    RETURNING owner, system_identifier, confirmed_position, transaction_position, transaction_change_count
)sql"};

const postgres::Statement kSelectModels = {"source_select_models", R"sql(
    SELECT platform, model, relation_oid, snapshot_complete, snapshot_position, snapshot_row_count, obstacle,
           shape
    FROM source_models
    WHERE $1 = '' OR platform = $1
    ORDER BY platform, model
)sql"};

const postgres::Statement kAdvance = {"source_advance", SourceStore::AdvanceSql(0)};

const postgres::Statement kSaveSnapshot = {"source_save_snapshot", R"sql(
    UPDATE source_models
    SET relation_oid = $3, snapshot_complete = $4, snapshot_position = $5, snapshot_row_count = $6, obstacle = $7,
        shape = $8
    WHERE platform = $1 AND model = $2
)sql"};

const postgres::Statement kResetSlot = {"source_reset_slot", R"sql(
    UPDATE sources
    SET system_identifier = $3, confirmed_position = $4, transaction_position = 0, transaction_change_count = 0,
        update_time = $5
    WHERE platform = $1 AND owner = $2
)sql"};

const postgres::Statement kResetModels = {"source_reset_models", R"sql(
    UPDATE source_models
    SET snapshot_complete = false, snapshot_position = 0, snapshot_row_count = 0
    WHERE platform = $1
)sql"};

const postgres::Statement kHoldOwner = {"source_hold_owner", R"sql(
    SELECT owner FROM sources WHERE platform = $1 AND owner = $2 FOR UPDATE
)sql"};

const postgres::Statement kDeleteOtherModels = {"source_delete_other_models", R"sql(
    DELETE FROM source_models WHERE platform = $1 AND model <> ALL ($2)
)sql"};

const postgres::Statement kUpsertModel = {"source_upsert_model", R"sql(
    INSERT INTO source_models (platform, model, relation_oid, snapshot_complete, snapshot_position, snapshot_row_count,
                               obstacle, shape)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (platform, model) DO UPDATE
    SET relation_oid = $3, snapshot_complete = $4, snapshot_position = $5, snapshot_row_count = $6, obstacle = $7,
        shape = $8
)sql"};

const postgres::Statement kReport = {"source_report", R"sql(
    INSERT INTO sources AS s (platform, state, error, lag_bytes, update_time)
    VALUES ($1, $3, $4, $5, $6)
    ON CONFLICT (platform) DO UPDATE SET state = $3, error = $4, lag_bytes = $5, update_time = $6
    WHERE s.owner = $2 OR s.update_time < $7
)sql"};

const postgres::Statement kForget = {"source_forget", "DELETE FROM sources WHERE platform = $1"};

const postgres::Statement kSelectWithSlots = {"source_select_with_slots", R"sql(
    SELECT platform FROM sources WHERE system_identifier <> '' ORDER BY platform
)sql"};

int64_t Signed(pgoutput::Lsn position) { return static_cast<int64_t>(position); }

absl::Status TakenOver(absl::string_view platform) {
  return Error(absl::StatusCode::kAborted, "SOURCE_TAKEN_OVER", "another process captures this platform now")
      .With("platform", platform);
}

postgres::Params ModelParams(absl::string_view platform, const StoredModel& model) {
  postgres::Params params;
  params.AddText(platform)
      .AddText(model.model)
      .AddInt64(static_cast<int64_t>(model.relation_oid))
      .AddBool(model.snapshot_complete)
      .AddInt64(Signed(model.snapshot_position))
      .AddInt64(model.snapshot_row_count)
      .AddText(model.obstacle)
      .AddText(model.shape);
  return params;
}

StoredModel ModelFromRow(const postgres::Rows& rows, int row) {
  StoredModel model;
  model.model = std::string(rows.GetText(row, 1));
  model.relation_oid = static_cast<uint32_t>(rows.GetInt64(row, 2));
  model.snapshot_complete = rows.GetBool(row, 3);
  model.snapshot_position = static_cast<pgoutput::Lsn>(rows.GetInt64(row, 4));
  model.snapshot_row_count = rows.GetInt64(row, 5);
  model.obstacle = std::string(rows.GetText(row, 6));
  model.shape = std::string(rows.GetText(row, 7));
  return model;
}

}  // namespace

std::vector<SourceAdvance> MergeAdvances(absl::Span<const SourceAdvance* const> advances) {
  std::vector<SourceAdvance> merged;
  for (const SourceAdvance* next : advances) {
    const auto before = std::find_if(merged.begin(), merged.end(), [&](const SourceAdvance& one) {
      return one.turn.platform == next->turn.platform && one.turn.owner == next->turn.owner &&
             one.turn.sequence + one.groups == next->turn.sequence;
    });
    if (before == merged.end()) {
      merged.push_back(*next);
      continue;
    }
    before->groups += next->groups;
    before->position = next->position;
    before->time = next->time;
  }
  return merged;
}

absl::Status SourceOutOfTurn(absl::string_view platform) {
  return Error(absl::StatusCode::kAborted, "SOURCE_GROUP_OUT_OF_TURN",
               "another process captures this platform now, or an earlier group was not committed")
      .With("platform", platform);
}

absl::StatusOr<StoredSource> SourceStore::TakeOver(absl::string_view platform, absl::Time now) {
  StoredSource source;
  source.platform = std::string(platform);
  RETURN_IF_ERROR(
      pool_.InTransaction("source_take_over", [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(
            const postgres::Rows row,
            transaction.Query(kTakeOver, postgres::Params().AddText(platform).AddTimestamp(now).AddInt32(
                                             v1::SOURCE_STATE_SNAPSHOT)));
        source.owner = row.GetInt64(0, 0);
        source.system_identifier = std::string(row.GetText(0, 1));
        source.position.confirmed = static_cast<pgoutput::Lsn>(row.GetInt64(0, 2));
        source.position.transaction = static_cast<pgoutput::Lsn>(row.GetInt64(0, 3));
        source.position.transaction_changes = row.GetInt64(0, 4);
        ASSIGN_OR_RETURN(const postgres::Rows models,
                         transaction.Query(kSelectModels, postgres::Params().AddText(platform)));
        source.models.clear();
        for (int i = 0; i < models.size(); ++i) source.models.push_back(ModelFromRow(models, i));
        return absl::OkStatus();
      }));
  return source;
}

std::string SourceStore::AdvanceSql(int n) {
  return absl::Substitute(R"sql(
    UPDATE sources
    SET sequence = $$$2 + $$$3 - 1, confirmed_position = $$$4, transaction_position = $$$5,
        transaction_change_count = $$$6, update_time = $$$7
    WHERE platform = $$$0 AND owner = $$$1 AND sequence = $$$2 - 1
    RETURNING platform
)sql",
                          n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8);
}

void SourceStore::AddAdvance(const SourceAdvance& advance, postgres::Params* params) {
  params->AddText(advance.turn.platform)
      .AddInt64(advance.turn.owner)
      .AddInt64(advance.turn.sequence)
      .AddInt64(advance.groups)
      .AddInt64(Signed(advance.position.confirmed))
      .AddInt64(Signed(advance.position.transaction))
      .AddInt64(advance.position.transaction_changes)
      .AddTimestamp(advance.time);
}

absl::Status SourceStore::Advance(postgres::Transaction& transaction, const SourceAdvance& advance) {
  postgres::Params params;
  AddAdvance(advance, &params);
  ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kAdvance, params));
  return rows.empty() ? SourceOutOfTurn(advance.turn.platform) : absl::OkStatus();
}

absl::Status SourceStore::SaveSnapshot(postgres::Transaction& transaction, absl::string_view platform,
                                       const StoredModel& model) {
  return transaction.Query(kSaveSnapshot, ModelParams(platform, model)).status();
}

absl::Status SourceStore::ResetSlot(absl::string_view platform, int64_t owner,
                                    absl::string_view system_identifier, pgoutput::Lsn position,
                                    absl::Time now) {
  return pool_.InTransaction("source_reset_slot", [&](postgres::Transaction& transaction) -> absl::Status {
    postgres::Params params;
    params.AddText(platform)
        .AddInt64(owner)
        .AddText(system_identifier)
        .AddInt64(Signed(position))
        .AddTimestamp(now);
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kResetSlot, params));
    if (rows.affected() != 1) return TakenOver(platform);
    return transaction.Query(kResetModels, postgres::Params().AddText(platform)).status();
  });
}

absl::Status SourceStore::SaveModels(absl::string_view platform, int64_t owner,
                                     const std::vector<StoredModel>& models) {
  std::vector<std::string> names;
  for (const StoredModel& model : models) names.push_back(model.model);
  return pool_.InTransaction("source_save_models", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows held,
                     transaction.Query(kHoldOwner, postgres::Params().AddText(platform).AddInt64(owner)));
    if (held.empty()) return TakenOver(platform);
    RETURN_IF_ERROR(
        transaction.Query(kDeleteOtherModels, postgres::Params().AddText(platform).AddTextArray(names))
            .status());
    for (const StoredModel& model : models) {
      RETURN_IF_ERROR(transaction.Query(kUpsertModel, ModelParams(platform, model)).status());
    }
    return absl::OkStatus();
  });
}

absl::Status SourceStore::Report(absl::string_view platform, int64_t owner, v1::SourceState state,
                                 absl::string_view error, int64_t lag_bytes, absl::Time now) {
  return pool_.Run("source_report", [&](postgres::Transaction& transaction) {
    postgres::Params params;
    params.AddText(platform).AddInt64(owner).AddInt32(state).AddText(error).AddInt64(lag_bytes).AddTimestamp(
        now);
    params.AddTimestamp(now - kOwnerSilence);
    return transaction.Query(kReport, params).status();
  });
}

absl::Status SourceStore::Forget(absl::string_view platform) {
  return pool_.Run("source_forget", [&](postgres::Transaction& transaction) {
    return transaction.Query(kForget, postgres::Params().AddText(platform)).status();
  });
}

absl::StatusOr<std::vector<std::string>> SourceStore::PlatformsWithSlots() {
  std::vector<std::string> platforms;
  RETURN_IF_ERROR(pool_.Run("source_with_slots", [&](postgres::Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectWithSlots));
    platforms.clear();
    for (int i = 0; i < rows.size(); ++i) platforms.emplace_back(rows.GetText(i, 0));
    return absl::OkStatus();
  }));
  return platforms;
}

}  // namespace cognate::change_capture
