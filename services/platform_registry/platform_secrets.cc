#include "services/platform_registry/platform_secrets.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

struct PlacedSecret {
  std::string path;
  v1::SecretReference* reference;
};

std::vector<PlacedSecret> SecretsOf(v1::Platform* platform) {
  std::vector<PlacedSecret> secrets;
  if (platform->database().has_password())
    secrets.push_back({"platform.database.password", platform->mutable_database()->mutable_password()});
  for (int i = 0; i < platform->webhook().secrets_size(); ++i) {
    secrets.push_back(
        {absl::StrCat("platform.webhook.secrets[", i, "]"), platform->mutable_webhook()->mutable_secrets(i)});
  }
  return secrets;
}

bool IsSame(const v1::SealedSecret& left, const v1::SealedSecret& right) {
  return left.sealing_key() == right.sealing_key() && left.box() == right.box();
}

}  // namespace

absl::Status SealSecrets(const v1::Platform& stored, v1::Platform* platform) {
  v1::Platform known = stored;
  const std::vector<PlacedSecret> before = SecretsOf(&known);
  for (const PlacedSecret& secret : SecretsOf(platform)) {
    v1::SecretReference& reference = *secret.reference;
    if (reference.has_value()) {
      ASSIGN_OR_RETURN(const std::shared_ptr<secret::Keyring> keyring, secret::InstalledKeyring());
      ASSIGN_OR_RETURN(v1::SealedSecret sealed, keyring->Seal(reference.value()));
      *reference.mutable_sealed() = std::move(sealed);
    } else if (reference.has_sealed() &&
               std::none_of(before.begin(), before.end(), [&](const PlacedSecret& other) {
                 return IsSame(other.reference->sealed(), reference.sealed());
               })) {
      return InvalidField(
          absl::StrCat(secret.path, ".sealed"),
          "got one that the platform does not have, want what it was read with, or the secret itself as "
          "`value`");
    }
  }
  return absl::OkStatus();
}

absl::Status Reseal(secret::Keyring& keyring, absl::string_view first_key, v1::Platform* platform,
                    int64_t* resealed, int64_t* current) {
  for (const PlacedSecret& secret : SecretsOf(platform)) {
    if (!secret.reference->has_sealed()) continue;
    if (secret.reference->sealed().sealing_key() == first_key) {
      ++*current;
      continue;
    }
    ASSIGN_OR_RETURN(const std::string value, keyring.Open(secret.reference->sealed()));
    ASSIGN_OR_RETURN(*secret.reference->mutable_sealed(), keyring.Seal(value));
    ++*resealed;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ContentWithoutSecrets(v1::Platform platform) {
  for (const PlacedSecret& secret : SecretsOf(&platform)) {
    if (!secret.reference->has_value()) continue;
    ASSIGN_OR_RETURN(const std::shared_ptr<secret::Keyring> keyring, secret::InstalledKeyring());
    std::string fingerprint = keyring->Fingerprint(secret.reference->value());
    secret.reference->mutable_sealed()->set_box(std::move(fingerprint));
  }
  return platform.SerializeAsString();
}

}  // namespace cognate::platform_registry
