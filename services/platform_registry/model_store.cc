#include "services/platform_registry/model_store.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "common/clock/time_proto.h"
#include "services/platform_registry/configuration_store.h"
#include "services/platform_registry/definition.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/expansion_put.h"
#include "services/platform_registry/model_difference.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kSelectPlatformId = {"select_platform_id", R"sql(
    SELECT platform_id FROM platforms WHERE name = $1
)sql"};

const Statement kSelectModel = {"select_model", R"sql(
    SELECT p.name, m.model, m.definition::text, m.analyze_time, m.assignable
    FROM models m
    JOIN platforms p USING (platform_id)
    WHERE p.name = $1 AND m.model = $2 AND m.definition IS NOT NULL
)sql"};

const Statement kSelectModels = {"select_models", R"sql(
    SELECT p.name, m.model, m.definition::text, m.analyze_time, m.assignable
    FROM models m
    JOIN platforms p USING (platform_id)
    WHERE p.name = $1 AND m.model > $2 AND m.definition IS NOT NULL
    ORDER BY m.model
    LIMIT $3
)sql"};

const Statement kSelectAllModels = {"select_all_models", R"sql(
    SELECT p.name, m.model, m.definition::text, m.analyze_time, m.assignable
    FROM models m
    JOIN platforms p USING (platform_id)
    WHERE m.definition IS NOT NULL
)sql"};

// Answers with whether the definition is another one than before; with nothing if a custom entry was left
// alone.
const Statement kUpsertModel = {"upsert_model", R"sql(
    WITH before AS (SELECT definition FROM models WHERE platform_id = $1 AND model = $2)
    INSERT INTO models AS m (platform_id, model, definition, analyze_time)
    VALUES ($1, $2, $3, now())
    ON CONFLICT (platform_id, model) DO UPDATE
    SET definition = excluded.definition, analyze_time = excluded.analyze_time
    WHERE $4 OR m.definition->>'origin' IS DISTINCT FROM 'MODEL_ORIGIN_CUSTOM'
    RETURNING m.definition IS DISTINCT FROM (SELECT definition FROM before)
)sql"};

// Answers where it was otherwise.
const Statement kSetAssignable = {"set_assignable", R"sql(
    UPDATE models SET assignable = $3 WHERE platform_id = $1 AND model = $2 AND assignable <> $3 RETURNING model
)sql"};

const Statement kForgetOtherModels = {"forget_other_models", R"sql(
    UPDATE models m
    SET definition = NULL, analyze_time = NULL
    WHERE platform_id = $1 AND model <> ALL ($2::text[]) AND definition IS NOT NULL
      AND definition->>'origin' IS DISTINCT FROM 'MODEL_ORIGIN_CUSTOM'
      AND NOT EXISTS (SELECT 1 FROM syncs s
                      WHERE NOT s.deleted AND m.model_id IN (s.source_model_id, s.target_model_id))
)sql"};

// Those that a sync names.
const Statement kMarkMissingModels = {"mark_missing_models", R"sql(
    UPDATE models
    SET definition = definition || '{"missing": true}'
    WHERE platform_id = $1 AND model <> ALL ($2::text[]) AND definition IS NOT NULL AND NOT definition ? 'missing'
      AND definition->>'origin' IS DISTINCT FROM 'MODEL_ORIGIN_CUSTOM'
)sql"};

const Statement kSelectAnySync = {"select_any_sync_of_platform", R"sql(
    SELECT EXISTS (SELECT 1
                   FROM models m
                   CROSS JOIN LATERAL ((SELECT FROM syncs s WHERE s.source_model_id = m.model_id AND NOT s.deleted LIMIT 1)
                                       UNION ALL
                                       (SELECT FROM syncs s WHERE s.target_model_id = m.model_id AND NOT s.deleted LIMIT 1)) found
                   WHERE m.platform_id = $1)
)sql"};

absl::StatusOr<v1::Model> ModelFromRow(const Rows& rows, int row) {
  v1::Model model;
  RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 2), &model));
  model.set_name(ModelName(rows.GetText(row, 0), rows.GetText(row, 1)));
  model.set_model(std::string(rows.GetText(row, 1)));
  *model.mutable_analyze_time() = ToTimestamp(rows.GetTimestamp(row, 3));
  if (rows.GetBool(row, 4)) model.set_assignable(true);
  return model;
}

absl::StatusOr<std::vector<v1::Model>> ModelsFromRows(const Rows& rows) {
  std::vector<v1::Model> models;
  for (int row = 0; row < rows.size(); ++row) {
    ASSIGN_OR_RETURN(v1::Model model, ModelFromRow(rows, row));
    models.push_back(std::move(model));
  }
  return models;
}

absl::StatusOr<int32_t> SelectPlatformId(Transaction& transaction, absl::string_view platform) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectPlatformId, Params().AddText(platform)));
  if (rows.empty()) return PlatformNotFound(platform);
  return rows.GetInt32(0, 0);
}

// Whether it differs from before; nothing where a custom entry was left alone.
absl::StatusOr<std::optional<bool>> Upsert(Transaction& transaction, int32_t platform_id, v1::Model model) {
  const std::string name = model.model();
  const bool replaces_custom = model.origin() != v1::MODEL_ORIGIN_UNSPECIFIED;
  if (!replaces_custom) model.set_origin(v1::MODEL_ORIGIN_GENERATED);
  model.clear_name();
  model.clear_model();
  model.clear_analyze_time();
  model.clear_assignable();
  ASSIGN_OR_RETURN(const std::string definition, ToDefinition(model));
  Params params;
  params.AddInt32(platform_id).AddText(name).AddJsonb(definition).AddBool(replaces_custom);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kUpsertModel, params));
  if (rows.empty()) return std::nullopt;
  return rows.GetBool(0, 0);
}

// Whether it was otherwise.
absl::StatusOr<bool> WriteAssignable(Transaction& transaction, int32_t platform_id, const std::string& model,
                                     bool assignable) {
  Params params;
  params.AddInt32(platform_id).AddText(model).AddBool(assignable);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSetAssignable, params));
  return !rows.empty();
}

// Those that were not found any more.
absl::StatusOr<bool> ForgetOthers(Transaction& transaction, int32_t platform_id,
                                  absl::Span<const v1::Model> models) {
  std::vector<absl::string_view> names;
  for (const v1::Model& model : models) names.push_back(model.model());
  Params params;
  params.AddInt32(platform_id).AddTextArray(absl::MakeConstSpan(names));
  ASSIGN_OR_RETURN(const Rows forgotten, transaction.Query(kForgetOtherModels, params));
  ASSIGN_OR_RETURN(const Rows missing, transaction.Query(kMarkMissingModels, params));
  return forgotten.affected() + missing.affected() > 0;
}

// Judged and completed within the configuration as it is in this transaction.
absl::StatusOr<std::vector<v1::Model>> WithExpansions(ConfigurationCache& configurations,
                                                      Transaction& transaction, absl::string_view platform,
                                                      absl::Span<const v1::Model> given) {
  std::vector<v1::Model> models(given.begin(), given.end());
  if (std::none_of(given.begin(), given.end(), [](const v1::Model& model) { return model.has_expansion(); }))
    return models;
  ASSIGN_OR_RETURN(Configuration configuration, configurations.Copy(transaction));
  RETURN_IF_ERROR(PrepareExpansions(std::move(configuration), platform, &models));
  return models;
}

v1::KeptModel Kept(const v1::Model& stored, const v1::Model& found) {
  v1::KeptModel kept;
  kept.set_model(stored.model());
  const std::vector<std::string> differences = DifferencesOf(stored, found);
  kept.mutable_differences()->Assign(differences.begin(), differences.end());
  return kept;
}

}  // namespace

absl::StatusOr<v1::Model> SelectModel(Transaction& transaction, absl::string_view platform,
                                      absl::string_view model) {
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(kSelectModel, Params().AddText(platform).AddText(model)));
  if (rows.empty()) return ModelNotFound(platform, model);
  return ModelFromRow(rows, 0);
}

absl::StatusOr<std::vector<v1::Model>> SelectModelsOf(Transaction& transaction, absl::string_view platform) {
  Params params;
  params.AddText(platform).AddText("").AddInt64(std::numeric_limits<int64_t>::max());
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectModels, params));
  return ModelsFromRows(rows);
}

absl::StatusOr<StoredModels> ModelStore::Put(absl::string_view platform, absl::Span<const v1::Model> given,
                                             bool whole) {
  StoredModels stored;
  bool judged = false;
  RETURN_IF_ERROR(pool_.InTransaction("put_models", [&](Transaction& transaction) -> absl::Status {
    stored = StoredModels();
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const int32_t platform_id, SelectPlatformId(transaction, platform));
    ASSIGN_OR_RETURN(const std::vector<v1::Model> models,
                     WithExpansions(configurations_, transaction, platform, given));
    bool changed = false;
    for (const v1::Model& model : models) {
      ASSIGN_OR_RETURN(const std::optional<bool> differs, Upsert(transaction, platform_id, model));
      if (model.has_assignable()) {
        ASSIGN_OR_RETURN(const bool is_new,
                         WriteAssignable(transaction, platform_id, model.model(), model.assignable()));
        changed = changed || is_new;
      }
      ASSIGN_OR_RETURN(v1::Model as_stored, SelectModel(transaction, platform, model.model()));
      if (!differs.has_value()) stored.kept.push_back(Kept(as_stored, model));
      changed = changed || differs.value_or(false);
      stored.models.push_back(std::move(as_stored));
    }
    if (whole) {
      ASSIGN_OR_RETURN(const bool forgotten, ForgetOthers(transaction, platform_id, models));
      changed = changed || forgotten;
    }
    // Models decide about the syncs of their own platform alone. A new platform has none; all syncs are many.
    ASSIGN_OR_RETURN(const Rows any, transaction.Query(kSelectAnySync, Params().AddInt32(platform_id)));
    if (any.GetBool(0, 0)) {
      ASSIGN_OR_RETURN(stored.drifts, RefreshBroken(configurations_, transaction, &judged));
    }
    changed = changed || !stored.drifts.empty();
    return changed ? RaiseRevision(transaction).status() : absl::OkStatus();
  }));
  if (judged) configurations_.SetJudged();
  return stored;
}

absl::StatusOr<StoredModels> ModelStore::SetAssignable(absl::string_view platform, absl::string_view model,
                                                       bool assignable) {
  StoredModels stored;
  bool judged = false;
  RETURN_IF_ERROR(pool_.InTransaction("set_assignable", [&](Transaction& transaction) -> absl::Status {
    stored = StoredModels();
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(v1::Model known, SelectModel(transaction, platform, model));
    ASSIGN_OR_RETURN(const int32_t platform_id, SelectPlatformId(transaction, platform));
    ASSIGN_OR_RETURN(const bool changed,
                     WriteAssignable(transaction, platform_id, known.model(), assignable));
    known.clear_assignable();
    if (assignable) known.set_assignable(true);
    stored.models.push_back(std::move(known));
    if (!changed) return absl::OkStatus();
    ASSIGN_OR_RETURN(stored.drifts, RefreshBroken(configurations_, transaction, &judged));
    return RaiseRevision(transaction).status();
  }));
  if (judged) configurations_.SetJudged();
  return stored;
}

absl::StatusOr<v1::Model> ModelStore::Get(absl::string_view platform, absl::string_view model) {
  v1::Model found;
  RETURN_IF_ERROR(pool_.Run("get_model", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(found, SelectModel(transaction, platform, model));
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<v1::Model>> ModelStore::List(absl::string_view platform, const Page& page) {
  std::vector<v1::Model> models;
  RETURN_IF_ERROR(pool_.Run("list_models", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(SelectPlatformId(transaction, platform).status());
    Params params;
    params.AddText(platform).AddText(page.after).AddInt64(page.size + 1);
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectModels, params));
    ASSIGN_OR_RETURN(models, ModelsFromRows(rows));
    return absl::OkStatus();
  }));
  return models;
}

absl::StatusOr<absl::flat_hash_map<std::pair<std::string, std::string>, v1::Model>> SelectAllModels(
    Transaction& transaction) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectAllModels));
  absl::flat_hash_map<std::pair<std::string, std::string>, v1::Model> models;
  for (int row = 0; row < rows.size(); ++row) {
    ASSIGN_OR_RETURN(v1::Model model, ModelFromRow(rows, row));
    models.emplace(std::make_pair(std::string(rows.GetText(row, 0)), model.model()), std::move(model));
  }
  return models;
}

}  // namespace cognate::platform_registry
