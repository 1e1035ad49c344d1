// The table of contents of cognate.v1.AssignmentService.
#pragma once

#include "cognate/v1/assignment_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/platform_registry/assignments/assigned_records.h"

namespace cognate::platform_registry {

class AssignmentService final : public v1::AssignmentService::Service {
 public:
  AssignmentService(grpc_support::RpcBoundary& rpcs, const AssignmentParts& parts)
      : rpcs_(rpcs), parts_(parts) {}

  grpc::Status SetAssignments(grpc::ServerContext* context, const v1::SetAssignmentsRequest* request,
                              v1::SetAssignmentsResponse* response) override;
  grpc::Status GetAssignments(grpc::ServerContext* context, const v1::GetAssignmentsRequest* request,
                              v1::GetAssignmentsResponse* response) override;
  grpc::Status ListAssignments(grpc::ServerContext* context, const v1::ListAssignmentsRequest* request,
                               v1::ListAssignmentsResponse* response) override;
  grpc::Status ListAssignmentChanges(grpc::ServerContext* context,
                                     const v1::ListAssignmentChangesRequest* request,
                                     v1::ListAssignmentChangesResponse* response) override;
  grpc::Status ListAssignmentMoves(grpc::ServerContext* context,
                                   const v1::ListAssignmentMovesRequest* request,
                                   v1::ListAssignmentMovesResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const AssignmentParts parts_;
};

}  // namespace cognate::platform_registry
