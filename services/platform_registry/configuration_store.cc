#include "services/platform_registry/configuration_store.h"

#include <utility>
#include <vector>

#include "services/platform_registry/errors.h"
#include "services/platform_registry/model_store.h"
#include "services/platform_registry/pipelines/pipeline_store.h"
#include "services/platform_registry/platform_store.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kLockConfiguration = {"lock_configuration", R"sql(
    SELECT revision FROM configuration FOR UPDATE
)sql"};

const Statement kRaiseRevision = {"raise_revision", R"sql(
    UPDATE configuration SET revision = revision + 1 RETURNING revision
)sql"};

const Statement kSelectRevision = {"select_revision", R"sql(
    SELECT revision FROM configuration
)sql"};

const Statement kSelectAnswer = {"select_answer", R"sql(
    SELECT method = $2 AND request = $3, response
    FROM answers
    WHERE request_id = $1
)sql"};

const Statement kInsertAnswer = {"insert_answer", R"sql(
    INSERT INTO answers (request_id, method, request, response)
    VALUES ($1, $2, $3, $4)
)sql"};

const Statement kDeleteOldAnswers = {"delete_old_answers", R"sql(
    DELETE FROM answers WHERE create_time < now() - interval '2 days'
)sql"};

}  // namespace

absl::Status LockConfiguration(Transaction& transaction) {
  return transaction.Query(kLockConfiguration).status();
}

absl::StatusOr<int64_t> RaiseRevision(Transaction& transaction) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kRaiseRevision));
  return rows.GetInt64(0, 0);
}

absl::StatusOr<int64_t> ReadRevision(Transaction& transaction) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectRevision));
  return rows.GetInt64(0, 0);
}

absl::StatusOr<Rows> QueryWithRevision(Transaction& transaction, const Statement& statement,
                                       const Params& params, int64_t* revision) {
  std::vector<Rows> answers;
  RETURN_IF_ERROR(
      transaction.connection().QueryTogether({{&statement, &params}, {&kSelectRevision, nullptr}}, &answers));
  *revision = answers[1].GetInt64(0, 0);
  return std::move(answers[0]);
}

absl::StatusOr<Configuration> LoadConfiguration(Transaction& transaction) {
  Configuration configuration;
  ASSIGN_OR_RETURN(configuration.revision, ReadRevision(transaction));
  ASSIGN_OR_RETURN(configuration.platforms, SelectAllPlatforms(transaction));
  ASSIGN_OR_RETURN(configuration.models, SelectAllModels(transaction));
  ASSIGN_OR_RETURN(const std::vector<v1::Sync> syncs, SelectAllSyncs(transaction));
  for (const v1::Sync& sync : syncs) configuration.PutSync(sync);
  ASSIGN_OR_RETURN(configuration.pipelines, SelectAllPipelines(transaction));
  return configuration;
}

absl::StatusOr<std::optional<std::string>> FindAnswer(Transaction& transaction,
                                                      const CreateRequest& request) {
  if (request.request_id.empty()) return std::nullopt;
  const absl::StatusOr<Uuid> id = Uuid::Parse(request.request_id);
  if (!id.ok()) return InvalidField("request_id", "got something else, want a UUID");
  Params params;
  params.AddUuid(*id).AddText(request.method).AddBytes(request.content);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectAnswer, params));
  if (rows.empty()) return std::nullopt;
  if (!rows.GetBool(0, 0)) return RequestIdReused(request.request_id);
  return std::string(rows.GetBytes(0, 1));
}

absl::Status KeepAnswer(Transaction& transaction, const CreateRequest& request, absl::string_view response) {
  if (request.request_id.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Uuid id, Uuid::Parse(request.request_id));
  RETURN_IF_ERROR(transaction.Query(kDeleteOldAnswers).status());
  Params params;
  params.AddUuid(id).AddText(request.method).AddBytes(request.content).AddBytes(response);
  return transaction.Query(kInsertAnswer, params).status();
}

}  // namespace cognate::platform_registry
