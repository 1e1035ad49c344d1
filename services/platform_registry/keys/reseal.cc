#include "services/platform_registry/keys/reseal.h"

#include <memory>
#include <string>

#include "common/secret/sealing.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/platform_secrets.h"

namespace cognate::platform_registry {
namespace {

constexpr int kPage = 100;

}  // namespace

absl::StatusOr<v1::ResealSecretsResponse> ResealSecrets(PlatformStore& store) {
  ASSIGN_OR_RETURN(const std::shared_ptr<secret::Keyring> keyring, secret::InstalledKeyring());
  v1::ResealSecretsResponse response;
  response.set_sealing_key(keyring->FirstKey());
  Page page{kPage, ""};
  do {
    int64_t resealed = 0, current = 0;
    ASSIGN_OR_RETURN(page.after, store.ChangePage(page, [&](v1::Platform& platform) -> absl::StatusOr<bool> {
      const int64_t before = resealed;
      RETURN_IF_ERROR(Reseal(*keyring, response.sealing_key(), &platform, &resealed, &current));
      return resealed > before;
    }));
    response.set_resealed_count(response.resealed_count() + resealed);
    response.set_current_count(response.current_count() + current);
  } while (!page.after.empty());
  return response;
}

}  // namespace cognate::platform_registry
