// The table of contents of cognate.v1.KeyService.
#pragma once

#include "cognate/v1/key_service.grpc.pb.h"
#include "common/clock/clock.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/keys/enrolment_store.h"
#include "services/platform_registry/keys/failed_attempts.h"
#include "services/platform_registry/keys/key_store.h"
#include "services/platform_registry/keys/rotation_store.h"
#include "services/platform_registry/platform_store.h"

namespace cognate::platform_registry {

class KeyService final : public v1::KeyService::Service {
 public:
  struct Parts {
    KeyStore& keys;
    EnrolmentStore& enrolments;
    FailedAttempts& attempts;
    RotationStore& rotations;
    PlatformStore& platforms;
    const Clock& clock;
  };
  KeyService(grpc_support::RpcBoundary& rpcs, const Parts& parts) : rpcs_(rpcs), parts_(parts) {}

  grpc::Status CreateEnrolmentToken(grpc::ServerContext* context,
                                    const v1::CreateEnrolmentTokenRequest* request,
                                    v1::CreateEnrolmentTokenResponse* response) override;
  grpc::Status EnrolPlatform(grpc::ServerContext* context, const v1::EnrolPlatformRequest* request,
                             v1::EnrolPlatformResponse* response) override;
  grpc::Status CreateKey(grpc::ServerContext* context, const v1::CreateKeyRequest* request,
                         v1::CreateKeyResponse* response) override;
  grpc::Status GetKey(grpc::ServerContext* context, const v1::GetKeyRequest* request,
                      v1::GetKeyResponse* response) override;
  grpc::Status ListKeys(grpc::ServerContext* context, const v1::ListKeysRequest* request,
                        v1::ListKeysResponse* response) override;
  grpc::Status UpdateKey(grpc::ServerContext* context, const v1::UpdateKeyRequest* request,
                         v1::UpdateKeyResponse* response) override;
  grpc::Status RevokeKey(grpc::ServerContext* context, const v1::RevokeKeyRequest* request,
                         v1::RevokeKeyResponse* response) override;
  grpc::Status StartKeyRotation(grpc::ServerContext* context, const v1::StartKeyRotationRequest* request,
                                v1::StartKeyRotationResponse* response) override;
  grpc::Status ConfirmKeyRotation(grpc::ServerContext* context, const v1::ConfirmKeyRotationRequest* request,
                                  v1::ConfirmKeyRotationResponse* response) override;
  grpc::Status FinishKeyRotation(grpc::ServerContext* context, const v1::FinishKeyRotationRequest* request,
                                 v1::FinishKeyRotationResponse* response) override;
  grpc::Status CancelKeyRotation(grpc::ServerContext* context, const v1::CancelKeyRotationRequest* request,
                                 v1::CancelKeyRotationResponse* response) override;
  grpc::Status WhoAmI(grpc::ServerContext* context, const v1::WhoAmIRequest* request,
                      v1::WhoAmIResponse* response) override;
  grpc::Status VerifyKey(grpc::ServerContext* context, const v1::VerifyKeyRequest* request,
                         v1::VerifyKeyResponse* response) override;
  grpc::Status ResealSecrets(grpc::ServerContext* context, const v1::ResealSecretsRequest* request,
                             v1::ResealSecretsResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const Parts parts_;
};

}  // namespace cognate::platform_registry
