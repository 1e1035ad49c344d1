#include "services/change_capture/runs.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/paging.h"

namespace cognate::change_capture {
namespace {

// A copy: the rules may be replaced meanwhile.
std::optional<v1::CompiledSync> FindSync(const Catalogue& catalogue, const std::string& name) {
  const std::shared_ptr<const v1::Rules> rules = catalogue.Rules();
  for (const v1::CompiledSync& compiled : rules->syncs()) {
    if (compiled.sync().name() == name) return compiled;
  }
  return std::nullopt;
}

absl::Status Check(const v1::CreateRunRequest& request) {
  if (!v1::RunKind_IsValid(request.run().kind()) || request.run().kind() == v1::RUN_KIND_UNSPECIFIED) {
    return FieldInvalid("run.kind", absl::StrCat(static_cast<int>(request.run().kind())), "one of RunKind");
  }
  if (request.run().sync().empty()) return FieldMissing("run.sync", "a name of the form syncs/{id}");
  if (!request.request_id().empty() && !Uuid::Parse(request.request_id()).ok()) {
    return FieldInvalid("request_id", request.request_id(), "a UUID");
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredRun> Begin(const RunParts& parts, const v1::CompiledSync& compiled,
                                const v1::CreateRunRequest& request) {
  const v1::RunKind kind = request.run().kind();
  const std::string& request_id = request.request_id();
  if (kind == v1::RUN_KIND_SCHEDULED)
    return parts.schedules.BeginNow(parts.loop, compiled.sync(), request_id);
  if (kind == v1::RUN_KIND_MIRROR) RETURN_IF_ERROR(parts.mirrors.Check(compiled));
  ASSIGN_OR_RETURN(StoredRun run, parts.loop.NewRun(kind, compiled.sync(), parts.clock));
  run.hold = request.hold();
  // One mirror of a sync is under way at a time: what was counted for an older one no longer counts.
  const auto end_older = [&run](postgres::Transaction& transaction) {
    return run.kind == v1::RUN_KIND_MIRROR ? RunStore::EndOlder(transaction, run) : absl::OkStatus();
  };
  return parts.runs.Create(run, request_id, parts.catalogue.Revision(), end_older);
}

}  // namespace

absl::StatusOr<v1::CreateRunResponse> CreateRun(const RunParts& parts, const v1::CreateRunRequest& request) {
  RETURN_IF_ERROR(Check(request));
  // The sync may be younger than the last look at the rules; without the registry, what is known will do.
  const absl::Status refreshed = parts.catalogue.RefreshRules();
  const std::optional<v1::CompiledSync> compiled = FindSync(parts.catalogue, request.run().sync());
  if (!compiled && !refreshed.ok()) return refreshed;
  if (!compiled) return SyncNotFound(request.run().sync());
  ASSIGN_OR_RETURN(const StoredRun created, Begin(parts, *compiled, request));
  parts.loop.Wake();
  v1::CreateRunResponse response;
  *response.mutable_run() = created.ToMessage();
  return response;
}

absl::StatusOr<v1::ApproveRunResponse> ApproveRun(RunStore& runs, RunLoop& loop,
                                                  const v1::ApproveRunRequest& request) {
  const std::optional<Uuid> id = IdOfName(request.name(), "runs/");
  if (!id) return RunNotFound(request.name());
  ASSIGN_OR_RETURN(const std::optional<StoredRun> run, runs.Get(*id));
  if (!run) return RunNotFound(request.name());
  if (run->state != v1::RUN_STATE_HELD) return RunNotHeld(request.name(), v1::RunState_Name(run->state));
  StoredRun next = *run;
  next.state = v1::RUN_STATE_RUNNING;
  next.error.clear();
  RETURN_IF_ERROR(runs.Save(*run, next));
  loop.Wake();
  v1::ApproveRunResponse response;
  *response.mutable_run() = next.ToMessage();
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
  ASSIGN_OR_RETURN(const std::vector<StoredRun> listed, runs.List(before, page_size, request.sync()));
  v1::ListRunsResponse response;
  for (const StoredRun& run : listed) *response.add_runs() = run.ToMessage();
  if (static_cast<int>(listed.size()) == page_size) response.set_next_page_token(listed.back().id.ToString());
  return response;
}

}  // namespace cognate::change_capture
