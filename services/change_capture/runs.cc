#include "services/change_capture/runs.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/paging.h"

namespace cognate::change_capture {
namespace {

// A copy: the rules may be replaced meanwhile.
std::optional<v1::Sync> FindSync(const Catalogue& catalogue, const std::string& name) {
  const std::shared_ptr<const v1::Rules> rules = catalogue.Rules();
  for (const v1::CompiledSync& compiled : rules->syncs()) {
    if (compiled.sync().name() == name) return compiled.sync();
  }
  return std::nullopt;
}

absl::Status Check(const v1::CreateRunRequest& request) {
  if (request.run().kind() != v1::RUN_KIND_BACKFILL && request.run().kind() != v1::RUN_KIND_REDELIVER) {
    return FieldInvalid("run.kind", v1::RunKind_Name(request.run().kind()),
                        "RUN_KIND_BACKFILL or RUN_KIND_REDELIVER");
  }
  if (request.run().sync().empty()) return FieldMissing("run.sync", "a name of the form syncs/{id}");
  if (!request.request_id().empty() && !Uuid::Parse(request.request_id()).ok()) {
    return FieldInvalid("request_id", request.request_id(), "a UUID");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::CreateRunResponse> CreateRun(Catalogue& catalogue, RunStore& runs, RunLoop& loop,
                                                const Clock& clock, const v1::CreateRunRequest& request) {
  RETURN_IF_ERROR(Check(request));
  // The sync may be younger than the last look at the rules; without the registry, what is known will do.
  const absl::Status refreshed = catalogue.RefreshRules();
  const std::optional<v1::Sync> sync = FindSync(catalogue, request.run().sync());
  if (!sync && !refreshed.ok()) return refreshed;
  if (!sync) return SyncNotFound(request.run().sync());
  ASSIGN_OR_RETURN(const StoredRun run, loop.NewRun(request.run().kind(), *sync, clock));
  ASSIGN_OR_RETURN(const StoredRun created, runs.Create(run, request.request_id(), catalogue.Revision()));
  loop.Wake();
  v1::CreateRunResponse response;
  *response.mutable_run() = created.ToMessage();
  return response;
}

absl::StatusOr<v1::GetRunResponse> GetRun(RunStore& runs, const v1::GetRunRequest& request) {
  const std::optional<Uuid> id = IdOfName(request.name(), "runs/");
  if (!id) return RunNotFound(request.name());
  ASSIGN_OR_RETURN(const std::optional<StoredRun> run, runs.Get(*id));
  if (!run) return RunNotFound(request.name());
  v1::GetRunResponse response;
  *response.mutable_run() = run->ToMessage();
  return response;
}

absl::StatusOr<v1::ListRunsResponse> ListRuns(RunStore& runs, const v1::ListRunsRequest& request) {
  ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  ASSIGN_OR_RETURN(const std::optional<Uuid> before, PageStartOf(request.page_token()));
  ASSIGN_OR_RETURN(const std::vector<StoredRun> listed, runs.List(before, page_size));
  v1::ListRunsResponse response;
  for (const StoredRun& run : listed) *response.add_runs() = run.ToMessage();
  if (static_cast<int>(listed.size()) == page_size) response.set_next_page_token(listed.back().id.ToString());
  return response;
}

}  // namespace cognate::change_capture
