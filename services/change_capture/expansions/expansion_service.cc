#include "services/change_capture/expansions/expansion_service.h"

#include "services/change_capture/expansions/capture_parts.h"
#include "services/change_capture/expansions/list_part_sets.h"

namespace cognate::change_capture {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status ExpansionService::CaptureParts(ServerContext* context, const v1::CapturePartsRequest* request,
                                      v1::CapturePartsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::CaptureParts({log_, appender_, sets_}, *request);
  });
}

Status ExpansionService::ListPartSets(ServerContext* context, const v1::ListPartSetsRequest* request,
                                      v1::ListPartSetsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ListPartSets(log_, sets_, *request); });
}

}  // namespace cognate::change_capture
