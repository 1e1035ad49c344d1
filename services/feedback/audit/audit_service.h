#pragma once

#include "cognate/v1/audit_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/feedback/audit/audit_store.h"

namespace cognate::feedback {

// The RPCs; each is one line. What it is given outlives it.
class AuditService final : public v1::AuditService::Service {
 public:
  AuditService(grpc_support::RpcBoundary& rpcs, AuditStore& store, const Clock& clock)
      : rpcs_(rpcs), store_(store), clock_(clock) {}

  grpc::Status AppendAuditEntries(grpc::ServerContext* context, const v1::AppendAuditEntriesRequest* request,
                                  v1::AppendAuditEntriesResponse* response) override;
  grpc::Status ListAuditEntries(grpc::ServerContext* context, const v1::ListAuditEntriesRequest* request,
                                v1::ListAuditEntriesResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  AuditStore& store_;
  const Clock& clock_;
};

}  // namespace cognate::feedback
