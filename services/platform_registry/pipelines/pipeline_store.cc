#include "services/platform_registry/pipelines/pipeline_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "services/platform_registry/chain_fields.h"
#include "services/platform_registry/definition.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/sync_store.h"

namespace cognate::platform_registry {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

const Statement kSelectPipeline = {"select_pipeline", R"sql(
    SELECT name, definition::text, revision, create_time, update_time
    FROM pipelines
    WHERE name = $1
)sql"};

const Statement kSelectPipelines = {"select_pipelines", R"sql(
    SELECT name, definition::text, revision, create_time, update_time
    FROM pipelines
    WHERE name > $1
    ORDER BY name
    LIMIT $2
)sql"};

const Statement kInsertPipeline = {"insert_pipeline", R"sql(
    INSERT INTO pipelines (name, definition, revision) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING
)sql"};

const Statement kUpdatePipeline = {"update_pipeline", R"sql(
    UPDATE pipelines SET definition = $2, revision = $3, update_time = now() WHERE name = $1
)sql"};

const Statement kKeepRevision = {"keep_pipeline_revision", R"sql(
    INSERT INTO pipeline_revisions (name, revision, definition)
    SELECT name, revision, definition FROM pipelines WHERE name = $1
)sql"};

const Statement kDeletePipeline = {"delete_pipeline", R"sql(
    DELETE FROM pipelines WHERE name = $1
)sql"};

absl::StatusOr<v1::Pipeline> PipelineFromRow(const Rows& rows, int row) {
  v1::Pipeline pipeline;
  RETURN_IF_ERROR(FromDefinition(rows.GetText(row, 1), &pipeline));
  pipeline.set_name(PipelineName(rows.GetText(row, 0)));
  pipeline.set_etag(absl::StrCat(rows.GetInt64(row, 2)));
  *pipeline.mutable_create_time() = ToTimestamp(rows.GetTimestamp(row, 3));
  *pipeline.mutable_update_time() = ToTimestamp(rows.GetTimestamp(row, 4));
  return pipeline;
}

absl::StatusOr<std::vector<v1::Pipeline>> SelectMany(Transaction& transaction, absl::string_view after,
                                                     int64_t limit) {
  ASSIGN_OR_RETURN(const Rows rows,
                   transaction.Query(kSelectPipelines, Params().AddText(after).AddInt64(limit)));
  std::vector<v1::Pipeline> pipelines;
  for (int row = 0; row < rows.size(); ++row) {
    ASSIGN_OR_RETURN(v1::Pipeline pipeline, PipelineFromRow(rows, row));
    pipelines.push_back(std::move(pipeline));
  }
  return pipelines;
}

absl::Status Write(Transaction& transaction, const Statement& statement, absl::string_view id,
                   const v1::Pipeline& pipeline, int64_t* affected) {
  v1::Pipeline written;
  written.set_description(pipeline.description());
  *written.mutable_transforms() = pipeline.transforms();
  ASSIGN_OR_RETURN(const int64_t revision, RaiseRevision(transaction));
  ASSIGN_OR_RETURN(const std::string definition, ToDefinition(written));
  Params params;
  params.AddText(id).AddJsonb(definition).AddInt64(revision);
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(statement, params));
  *affected = rows.affected();
  if (*affected == 0) return absl::OkStatus();
  return transaction.Query(kKeepRevision, Params().AddText(id)).status();
}

}  // namespace

absl::StatusOr<v1::Pipeline> SelectPipeline(Transaction& transaction, absl::string_view id) {
  ASSIGN_OR_RETURN(const Rows rows, transaction.Query(kSelectPipeline, Params().AddText(id)));
  if (rows.empty()) return PipelineNotFound(id);
  return PipelineFromRow(rows, 0);
}

absl::StatusOr<v1::CreatePipelineResponse> PipelineStore::Create(const v1::Pipeline& pipeline,
                                                                 const CreateRequest& request) {
  return CreateOnce<v1::CreatePipelineResponse>(
      pool_, request, [&](Transaction& transaction) -> absl::StatusOr<v1::CreatePipelineResponse> {
        ASSIGN_OR_RETURN(const std::string id, ParsePipelineName(pipeline.name(), "pipeline.name"));
        int64_t affected = 0;
        RETURN_IF_ERROR(Write(transaction, kInsertPipeline, id, pipeline, &affected));
        if (affected == 0) return PipelineAlreadyExists(id);
        v1::CreatePipelineResponse response;
        ASSIGN_OR_RETURN(*response.mutable_pipeline(), SelectPipeline(transaction, id));
        return response;
      });
}

absl::StatusOr<v1::Pipeline> PipelineStore::Get(absl::string_view id) {
  v1::Pipeline pipeline;
  RETURN_IF_ERROR(pool_.Run("get_pipeline", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(pipeline, SelectPipeline(transaction, id));
    return absl::OkStatus();
  }));
  return pipeline;
}

absl::StatusOr<std::vector<v1::Pipeline>> PipelineStore::List(const Page& page) {
  std::vector<v1::Pipeline> pipelines;
  RETURN_IF_ERROR(pool_.Run("list_pipelines", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(pipelines, SelectMany(transaction, page.after, page.size + 1));
    return absl::OkStatus();
  }));
  return pipelines;
}

absl::StatusOr<v1::Pipeline> PipelineStore::Update(
    absl::string_view id, absl::string_view etag, absl::FunctionRef<absl::Status(v1::Pipeline&)> change,
    absl::FunctionRef<absl::Status(const Configuration& wanted, const Configuration& current)> check) {
  v1::Pipeline pipeline;
  bool judged = false;
  RETURN_IF_ERROR(pool_.InTransaction("update_pipeline", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(pipeline, SelectPipeline(transaction, id));
    if (!etag.empty() && etag != pipeline.etag()) return EtagMismatch(pipeline.name(), pipeline.etag());
    RETURN_IF_ERROR(change(pipeline));
    ASSIGN_OR_RETURN(const Configuration current, configurations_.Copy(transaction));
    Configuration wanted = current;
    wanted.pipelines[pipeline.name()] = pipeline;
    RETURN_IF_ERROR(check(wanted, current));
    int64_t affected = 0;
    RETURN_IF_ERROR(Write(transaction, kUpdatePipeline, id, pipeline, &affected));
    // One that was broken may fit now.
    RETURN_IF_ERROR(RefreshBroken(configurations_, transaction, &judged).status());
    ASSIGN_OR_RETURN(pipeline, SelectPipeline(transaction, id));
    return absl::OkStatus();
  }));
  if (judged) configurations_.SetJudged();
  return pipeline;
}

absl::Status PipelineStore::Delete(absl::string_view id, absl::string_view etag) {
  return pool_.InTransaction("delete_pipeline", [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const v1::Pipeline pipeline, SelectPipeline(transaction, id));
    if (!etag.empty() && etag != pipeline.etag()) return EtagMismatch(pipeline.name(), pipeline.etag());
    std::vector<std::string> users;
    RETURN_IF_ERROR(configurations_.With(transaction, [&](const ConfigurationCache::View& view) {
      for (const auto& [name, sync] : view.configuration.syncs) {
        if (NamesPipeline(sync, pipeline.name())) users.push_back(name);
      }
      return absl::OkStatus();
    }));
    if (!users.empty()) return PipelineInUse(id, users);
    RETURN_IF_ERROR(transaction.Query(kDeletePipeline, Params().AddText(id)).status());
    return RaiseRevision(transaction).status();
  });
}

absl::StatusOr<std::map<std::string, v1::Pipeline>> SelectAllPipelines(Transaction& transaction) {
  ASSIGN_OR_RETURN(std::vector<v1::Pipeline> all,
                   SelectMany(transaction, "", std::numeric_limits<int64_t>::max()));
  std::map<std::string, v1::Pipeline> pipelines;
  for (v1::Pipeline& pipeline : all) {
    const std::string name = pipeline.name();
    pipelines.emplace(name, std::move(pipeline));
  }
  return pipelines;
}

}  // namespace cognate::platform_registry
