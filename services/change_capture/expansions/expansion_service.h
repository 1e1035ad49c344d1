// The table of contents of cognate.v1.ExpansionService.
#pragma once

#include "cognate/v1/expansion_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/change_log.h"
#include "services/change_capture/expansions/part_set_store.h"

namespace cognate::change_capture {

class ExpansionService final : public v1::ExpansionService::Service {
 public:
  ExpansionService(grpc_support::RpcBoundary& rpcs, ChangeLog& log, Appender& appender, PartSetStore& sets)
      : rpcs_(rpcs), log_(log), appender_(appender), sets_(sets) {}

  grpc::Status CaptureParts(grpc::ServerContext* context, const v1::CapturePartsRequest* request,
                            v1::CapturePartsResponse* response) override;
  grpc::Status ListPartSets(grpc::ServerContext* context, const v1::ListPartSetsRequest* request,
                            v1::ListPartSetsResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  ChangeLog& log_;
  Appender& appender_;
  PartSetStore& sets_;
};

}  // namespace cognate::change_capture
