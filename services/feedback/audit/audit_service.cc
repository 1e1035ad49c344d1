#include "services/feedback/audit/audit_service.h"

#include "services/feedback/audit/append_audit.h"
#include "services/feedback/audit/list_audit.h"

namespace cognate::feedback {

using grpc_support::Rpc;

grpc::Status AuditService::AppendAuditEntries(grpc::ServerContext* context,
                                              const v1::AppendAuditEntriesRequest* request,
                                              v1::AppendAuditEntriesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::AppendAuditEntries(store_, clock_, *request); });
}

grpc::Status AuditService::ListAuditEntries(grpc::ServerContext* context,
                                            const v1::ListAuditEntriesRequest* request,
                                            v1::ListAuditEntriesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return feedback::ListAuditEntries(store_, *request); });
}

}  // namespace cognate::feedback
