#include "services/platform_registry/keys/key_service.h"

#include "services/platform_registry/keys/enrolment.h"
#include "services/platform_registry/keys/keys.h"
#include "services/platform_registry/keys/reseal.h"
#include "services/platform_registry/keys/rotation.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status KeyService::CreateEnrolmentToken(ServerContext* context,
                                        const v1::CreateEnrolmentTokenRequest* request,
                                        v1::CreateEnrolmentTokenResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::CreateEnrolmentToken(parts_.enrolments, *request);
  });
}

Status KeyService::EnrolPlatform(ServerContext* context, const v1::EnrolPlatformRequest* request,
                                 v1::EnrolPlatformResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return platform_registry::EnrolPlatform(parts_.enrolments, parts_.attempts, rpc.peer_address(), *request);
  });
}

Status KeyService::CreateKey(ServerContext* context, const v1::CreateKeyRequest* request,
                             v1::CreateKeyResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return platform_registry::CreateKey(parts_.keys, parts_.clock, rpc.principal(), *request);
  });
}

Status KeyService::GetKey(ServerContext* context, const v1::GetKeyRequest* request,
                          v1::GetKeyResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetKey(parts_.keys, *request); });
}

Status KeyService::ListKeys(ServerContext* context, const v1::ListKeysRequest* request,
                            v1::ListKeysResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListKeys(parts_.keys, *request); });
}

Status KeyService::UpdateKey(ServerContext* context, const v1::UpdateKeyRequest* request,
                             v1::UpdateKeyResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return platform_registry::UpdateKey(parts_.keys, parts_.clock, rpc.principal(), *request);
  });
}

Status KeyService::RevokeKey(ServerContext* context, const v1::RevokeKeyRequest* request,
                             v1::RevokeKeyResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::RevokeKey(parts_.keys, *request); });
}

Status KeyService::StartKeyRotation(ServerContext* context, const v1::StartKeyRotationRequest* request,
                                    v1::StartKeyRotationResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return platform_registry::StartKeyRotation(parts_.rotations, rpc.principal(), *request);
  });
}

Status KeyService::ConfirmKeyRotation(ServerContext* context, const v1::ConfirmKeyRotationRequest* request,
                                      v1::ConfirmKeyRotationResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return platform_registry::ConfirmKeyRotation(parts_.rotations, rpc.principal());
  });
}

Status KeyService::FinishKeyRotation(ServerContext* context, const v1::FinishKeyRotationRequest* request,
                                     v1::FinishKeyRotationResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::FinishKeyRotation(parts_.rotations, *request);
  });
}

Status KeyService::CancelKeyRotation(ServerContext* context, const v1::CancelKeyRotationRequest* request,
                                     v1::CancelKeyRotationResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return platform_registry::CancelKeyRotation(parts_.rotations, *request);
  });
}

Status KeyService::WhoAmI(ServerContext* context, const v1::WhoAmIRequest* request,
                          v1::WhoAmIResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return platform_registry::WhoAmI(rpc.principal()); });
}

Status KeyService::VerifyKey(ServerContext* context, const v1::VerifyKeyRequest* request,
                             v1::VerifyKeyResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::VerifyKey(parts_.keys, *request); });
}

Status KeyService::ResealSecrets(ServerContext* context, const v1::ResealSecretsRequest* request,
                                 v1::ResealSecretsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ResealSecrets(parts_.platforms); });
}

}  // namespace cognate::platform_registry
