#include "services/platform_registry/syncs.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/file_check.h"
#include "services/platform_registry/sync_check.h"

namespace cognate::platform_registry {
namespace {

constexpr char kList[] = "syncs";

// What an update may change; each as a whole.
constexpr absl::string_view kMutable[] = {"status",          "fields",
                                          "all_fields",      "filter",
                                          "leave",           "on_delete",
                                          "transforms",      "natural_keys",
                                          "if_exists",       "sync_ids",
                                          "ignore_ids",      "only_assigned",
                                          "conflict_policy", "max_leaving_percent",
                                          "before",          "after",
                                          "schedule",        "mirror",
                                          "acting_identity"};

absl::Status CheckMask(const google::protobuf::FieldMask& mask) {
  const std::string want = absl::StrCat("want some of ", absl::StrJoin(kMutable, ", "));
  if (mask.paths().empty()) return InvalidField("update_mask", absl::StrCat("got no paths, ", want));
  for (int i = 0; i < mask.paths_size(); ++i) {
    const std::string& path = mask.paths(i);
    if (absl::c_linear_search(kMutable, path)) continue;
    return InvalidField(absl::StrCat("update_mask.paths[", i, "]"), absl::StrCat("got ", path, ", ", want));
  }
  return absl::OkStatus();
}

void ApplyMask(const v1::Sync& from, const google::protobuf::FieldMask& mask, v1::Sync* to) {
  google::protobuf::util::FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(from, mask, options, to);
  if (to->status() == v1::SYNC_STATUS_UNSPECIFIED) to->set_status(v1::SYNC_STATUS_ACTIVE);
}

}  // namespace

absl::StatusOr<v1::CreateSyncResponse> CreateSync(SyncStore& store, ModelIds& ids, bool has_public_url,
                                                  const v1::CreateSyncRequest& request) {
  v1::Sync sync = request.sync();
  RETURN_IF_ERROR(ParseSyncName(sync.name(), "sync.name").status());
  RETURN_IF_ERROR(CheckPublicUrl(sync, has_public_url));
  if (sync.status() == v1::SYNC_STATUS_UNSPECIFIED) sync.set_status(v1::SYNC_STATUS_ACTIVE);
  ASSIGN_OR_RETURN(
      v1::CreateSyncResponse response,
      store.Create(sync, {"create_sync", request.request_id(), request.sync().SerializeAsString()},
                   CheckSync));
  ids.Forget();
  return response;
}

absl::StatusOr<v1::GetSyncResponse> GetSync(SyncStore& store, const v1::GetSyncRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.name(), "name"));
  v1::GetSyncResponse response;
  ASSIGN_OR_RETURN(*response.mutable_sync(), store.Get(id));
  return response;
}

absl::StatusOr<v1::ListSyncsResponse> ListSyncs(SyncStore& store, const v1::ListSyncsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, ParsePage(kList, request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(std::vector<v1::Sync> syncs, store.List(page));
  v1::ListSyncsResponse response;
  const size_t count = std::min(syncs.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_syncs() = std::move(syncs[i]);
  if (syncs.size() > count) {
    ASSIGN_OR_RETURN(const std::string last,
                     ParseSyncName(response.syncs(static_cast<int>(count) - 1).name(), "name"));
    response.set_next_page_token(PageToken(kList, last));
  }
  return response;
}

absl::StatusOr<v1::UpdateSyncResponse> UpdateSync(SyncStore& store, bool has_public_url,
                                                  const v1::UpdateSyncRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.sync().name(), "sync.name"));
  RETURN_IF_ERROR(CheckMask(request.update_mask()));
  if (absl::c_linear_search(request.update_mask().paths(), "fields"))
    RETURN_IF_ERROR(CheckPublicUrl(request.sync(), has_public_url));
  return store.Update(
      id, request.sync().etag(),
      [&](v1::Sync& sync) { ApplyMask(request.sync(), request.update_mask(), &sync); }, CheckSync);
}

absl::StatusOr<v1::DeleteSyncResponse> DeleteSync(SyncStore& store, ModelIds& ids,
                                                  const v1::DeleteSyncRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParseSyncName(request.name(), "name"));
  RETURN_IF_ERROR(store.Delete(id, request.etag()));
  ids.Forget();
  return v1::DeleteSyncResponse();
}

absl::StatusOr<v1::GetRulesResponse> GetRules(RulesCache& cache, const v1::GetRulesRequest& request) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Rules> rules, cache.Get());
  v1::GetRulesResponse response;
  response.set_revision(rules->revision());
  if (rules->revision() != request.known_revision()) *response.mutable_rules() = *rules;
  return response;
}

}  // namespace cognate::platform_registry
