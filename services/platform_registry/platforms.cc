#include "services/platform_registry/platforms.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/delivery_check.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/platform_check.h"
#include "services/platform_registry/platform_secrets.h"

namespace cognate::platform_registry {
namespace {

constexpr char kList[] = "platforms";
constexpr char kChangeable[] =
    "display_name, channel, capture_mode, database, webhook, delivery, files or lock";

absl::Status SetLock(const v1::Platform& from, absl::Time now, v1::Platform* to) {
  to->clear_lock();
  if (!from.has_lock()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckLock(from.lock(), now));
  *to->mutable_lock() = from.lock();
  *to->mutable_lock()->mutable_lock_time() = ToTimestamp(now);
  return absl::OkStatus();
}

absl::Status ApplyMask(const v1::Platform& from, const google::protobuf::FieldMask& mask, absl::Time now,
                       v1::Platform* to) {
  for (int i = 0; i < mask.paths_size(); ++i) {
    const std::string& path = mask.paths(i);
    if (path == "display_name") {
      to->set_display_name(from.display_name());
    } else if (path == "channel") {
      to->set_channel(from.channel());
    } else if (path == "capture_mode") {
      to->set_capture_mode(from.capture_mode());
    } else if (path == "database") {
      *to->mutable_database() = from.database();
      if (!from.has_database()) to->clear_database();
    } else if (path == "database.uri") {
      to->mutable_database()->set_uri(from.database().uri());
    } else if (path == "database.password") {
      *to->mutable_database()->mutable_password() = from.database().password();
      if (!from.database().has_password()) to->mutable_database()->clear_password();
    } else if (path == "webhook") {
      *to->mutable_webhook() = from.webhook();
      if (!from.has_webhook()) to->clear_webhook();
    } else if (path == "lock") {
      RETURN_IF_ERROR(SetLock(from, now, to));
    } else if (path == "delivery") {
      *to->mutable_delivery() = from.delivery();
      if (!from.has_delivery()) to->clear_delivery();
    } else if (path == "files") {
      *to->mutable_files() = from.files();
      if (!from.has_files()) to->clear_files();
    } else {
      return InvalidField(absl::StrCat("update_mask.paths[", i, "]"),
                          absl::StrCat("got ", path, ", want ", kChangeable));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::CreatePlatformResponse> CreatePlatform(PlatformStore& store,
                                                          const v1::CreatePlatformRequest& request) {
  v1::Platform platform = request.platform();
  platform.clear_lock();
  FillDefaults(&platform);
  RETURN_IF_ERROR(CheckPlatform(platform));
  RETURN_IF_ERROR(SealSecrets(v1::Platform(), &platform));
  ASSIGN_OR_RETURN(std::string content, ContentWithoutSecrets(request.platform()));
  return store.Create(platform, {"create_platform", request.request_id(), std::move(content)});
}

absl::StatusOr<v1::GetPlatformResponse> GetPlatform(PlatformStore& store,
                                                    const v1::GetPlatformRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.name(), "name"));
  v1::GetPlatformResponse response;
  ASSIGN_OR_RETURN(*response.mutable_platform(), store.Get(id));
  return response;
}

absl::StatusOr<v1::ListPlatformsResponse> ListPlatforms(PlatformStore& store,
                                                        const v1::ListPlatformsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, ParsePage(kList, request.page_size(), request.page_token()));
  ASSIGN_OR_RETURN(std::vector<v1::Platform> platforms, store.List(page));
  v1::ListPlatformsResponse response;
  const size_t count = std::min(platforms.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_platforms() = std::move(platforms[i]);
  if (platforms.size() > count) {
    ASSIGN_OR_RETURN(const std::string last,
                     ParsePlatformName(response.platforms(static_cast<int>(count) - 1).name(), "name"));
    response.set_next_page_token(PageToken(kList, last));
  }
  return response;
}

absl::StatusOr<v1::UpdatePlatformResponse> UpdatePlatform(PlatformStore& store, const Clock& clock,
                                                          const v1::UpdatePlatformRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.platform().name(), "platform.name"));
  if (request.update_mask().paths().empty()) {
    return InvalidField("update_mask", absl::StrCat("got no paths, want ", kChangeable));
  }
  v1::UpdatePlatformResponse response;
  ASSIGN_OR_RETURN(
      *response.mutable_platform(),
      store.Update(id, request.platform().etag(), [&](v1::Platform& platform) -> absl::Status {
        const v1::Platform stored = platform;
        RETURN_IF_ERROR(ApplyMask(request.platform(), request.update_mask(), clock.Now(), &platform));
        FillDefaults(&platform);
        RETURN_IF_ERROR(CheckPlatform(platform));
        return SealSecrets(stored, &platform);
      }));
  return response;
}

absl::StatusOr<v1::DeletePlatformResponse> DeletePlatform(PlatformStore& store, ModelIds& ids,
                                                          const v1::DeletePlatformRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, ParsePlatformName(request.name(), "name"));
  RETURN_IF_ERROR(store.Delete(id));
  ids.Forget();
  return v1::DeletePlatformResponse();
}

}  // namespace cognate::platform_registry
