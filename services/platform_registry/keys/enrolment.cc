#include "services/platform_registry/keys/enrolment.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/access/secret_text.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/keys/key_check.h"
#include "services/platform_registry/keys/key_errors.h"

namespace cognate::platform_registry {
namespace {

constexpr absl::Duration kMinLifetime = absl::Minutes(1);
constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 7);
constexpr absl::Duration kDefaultLifetime = absl::Hours(1);

absl::Status CheckTokenRequest(const v1::CreateEnrolmentTokenRequest& request, absl::Duration lifetime) {
  FieldViolations violations;
  if (request.platform().empty()) violations.push_back({"platform", "got none, want the id of the platform"});
  if (lifetime < kMinLifetime || lifetime > kMaxLifetime) {
    violations.push_back(
        {"lifetime", absl::StrCat("got ", absl::FormatDuration(lifetime), ", want 1 minute to 7 days")});
  }
  CheckAddresses("allowed_addresses", request.allowed_addresses(), &violations);
  CheckMaxRate("max_rate", request.max_rate(), &violations);
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations).ToStatus();
}

absl::StatusOr<v1::Key> Redeem(EnrolmentStore& store, const v1::EnrolPlatformRequest& request,
                               const access::NewSecret& secret) {
  const std::optional<std::string> token = access::SecretId(access::kTokenPrefix, request.token());
  if (!token.has_value()) return TokenInvalid();
  v1::Key key;
  key.set_name(KeyName(secret.id));
  key.set_display_name(request.display_name());
  return store.Redeem(*token, access::HashSecret(request.token()), std::move(key),
                      access::HashSecret(secret.text));
}

}  // namespace

absl::StatusOr<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(
    EnrolmentStore& store, const v1::CreateEnrolmentTokenRequest& request) {
  const absl::Duration lifetime = request.has_lifetime() ? ToDuration(request.lifetime()) : kDefaultLifetime;
  RETURN_IF_ERROR(CheckTokenRequest(request, lifetime));
  access::NewSecret secret = access::MakeSecret(access::kTokenPrefix);
  NewToken token{secret.id, access::HashSecret(secret.text), lifetime, {}};
  token.key.set_platform(request.platform());
  *token.key.mutable_allowed_addresses() = request.allowed_addresses();
  token.key.set_max_rate(request.max_rate());
  v1::CreateEnrolmentTokenResponse response;
  ASSIGN_OR_RETURN(const absl::Time expire_time, store.Create(token));
  *response.mutable_expire_time() = ToTimestamp(expire_time);
  response.set_token(std::move(secret.text));
  return response;
}

absl::StatusOr<v1::EnrolPlatformResponse> EnrolPlatform(EnrolmentStore& store, FailedAttempts& attempts,
                                                        absl::string_view address,
                                                        const v1::EnrolPlatformRequest& request) {
  RETURN_IF_ERROR(attempts.Check(address));
  FieldViolations violations;
  CheckDisplayName("display_name", request.display_name(), &violations);
  if (!violations.empty()) return InvalidFields(violations).ToStatus();
  access::NewSecret secret = access::MakeSecret(access::kKeyPrefix);
  absl::StatusOr<v1::Key> key = Redeem(store, request, secret);
  if (absl::IsUnauthenticated(key.status())) attempts.Add(address);
  if (!key.ok()) return key.status();
  v1::EnrolPlatformResponse response;
  *response.mutable_key() = *std::move(key);
  response.set_secret(std::move(secret.text));
  return response;
}

}  // namespace cognate::platform_registry
