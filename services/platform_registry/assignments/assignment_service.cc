#include "services/platform_registry/assignments/assignment_service.h"

#include "services/platform_registry/assignments/assignments.h"

namespace cognate::platform_registry {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status AssignmentService::SetAssignments(ServerContext* context, const v1::SetAssignmentsRequest* request,
                                         v1::SetAssignmentsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::SetAssignments(parts_, *request); });
}

Status AssignmentService::GetAssignments(ServerContext* context, const v1::GetAssignmentsRequest* request,
                                         v1::GetAssignmentsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::GetAssignments(parts_, *request); });
}

Status AssignmentService::ListAssignments(ServerContext* context, const v1::ListAssignmentsRequest* request,
                                          v1::ListAssignmentsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListAssignments(parts_, *request); });
}

Status AssignmentService::ListAssignmentChanges(ServerContext* context,
                                                const v1::ListAssignmentChangesRequest* request,
                                                v1::ListAssignmentChangesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListAssignmentChanges(parts_, *request); });
}

Status AssignmentService::ListAssignmentMoves(ServerContext* context,
                                              const v1::ListAssignmentMovesRequest* request,
                                              v1::ListAssignmentMovesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return platform_registry::ListAssignmentMoves(parts_, *request); });
}

}  // namespace cognate::platform_registry
