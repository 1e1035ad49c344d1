// The table of contents of cognate.v1.ConflictService.
#pragma once

#include "cognate/v1/conflict_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/conflicts/amender.h"
#include "services/change_capture/conflicts/conflict_store.h"

namespace cognate::change_capture {

class ConflictService final : public v1::ConflictService::Service {
 public:
  ConflictService(grpc_support::RpcBoundary& rpcs, ConflictStore& store, Amender& amender, ChangeLog& log)
      : rpcs_(rpcs), store_(store), amender_(amender), log_(log) {}

  grpc::Status ListConflicts(grpc::ServerContext* context, const v1::ListConflictsRequest* request,
                             v1::ListConflictsResponse* response) override;
  grpc::Status GetConflict(grpc::ServerContext* context, const v1::GetConflictRequest* request,
                           v1::GetConflictResponse* response) override;
  grpc::Status ResolveConflict(grpc::ServerContext* context, const v1::ResolveConflictRequest* request,
                               v1::ResolveConflictResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  ConflictStore& store_;
  Amender& amender_;
  ChangeLog& log_;
};

}  // namespace cognate::change_capture
