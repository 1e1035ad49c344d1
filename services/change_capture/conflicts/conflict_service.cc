#include "services/change_capture/conflicts/conflict_service.h"

#include "services/change_capture/conflicts/conflict_rpcs.h"

namespace cognate::change_capture {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status ConflictService::ListConflicts(ServerContext* context, const v1::ListConflictsRequest* request,
                                      v1::ListConflictsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ListConflicts(store_, log_, *request); });
}

Status ConflictService::GetConflict(ServerContext* context, const v1::GetConflictRequest* request,
                                    v1::GetConflictResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::GetConflict(store_, *request); });
}

Status ConflictService::ResolveConflict(ServerContext* context, const v1::ResolveConflictRequest* request,
                                        v1::ResolveConflictResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ResolveConflict(store_, amender_, *request); });
}

}  // namespace cognate::change_capture
