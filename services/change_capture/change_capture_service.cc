#include "services/change_capture/change_capture_service.h"

#include "services/change_capture/batches.h"
#include "services/change_capture/capture.h"
#include "services/change_capture/capture_stream.h"
#include "services/change_capture/latest_change.h"
#include "services/change_capture/list_latest_changes.h"
#include "services/change_capture/previous_changes.h"
#include "services/change_capture/replay.h"
#include "services/change_capture/runs.h"
#include "services/change_capture/sources.h"

namespace cognate::change_capture {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status ChangeCaptureService::Capture(ServerContext* context, const v1::CaptureRequest* request,
                                     v1::CaptureResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::Capture(parts_.checker, parts_.appender, *request);
  });
}

Status ChangeCaptureService::CaptureStream(
    ServerContext* context,
    grpc::ServerReaderWriter<v1::CaptureStreamResponse, v1::CaptureStreamRequest>* stream) {
  return rpcs_.BidiStream(*context, stream, [&](const Rpc& rpc, auto& requests, auto& responses) {
    return change_capture::CaptureStream(parts_.checker, parts_.appender, rpc, requests, responses,
                                         [context] { context->TryCancel(); });
  });
}

Status ChangeCaptureService::Replay(ServerContext* context, const v1::ReplayRequest* request,
                                    v1::ReplayResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::Replay(parts_.log, parts_.replays, *request);
  });
}

Status ChangeCaptureService::GetLatestChange(ServerContext* context,
                                             const v1::GetLatestChangeRequest* request,
                                             v1::GetLatestChangeResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::GetLatestChange(parts_.log, *request); });
}

Status ChangeCaptureService::ListPreviousChanges(ServerContext* context,
                                                 const v1::ListPreviousChangesRequest* request,
                                                 v1::ListPreviousChangesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ListPreviousChanges(parts_.log, *request); });
}

Status ChangeCaptureService::ListLatestChanges(ServerContext* context,
                                               const v1::ListLatestChangesRequest* request,
                                               v1::ListLatestChangesResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::ListLatestChanges(parts_.log, parts_.newest, *request);
  });
}

Status ChangeCaptureService::AcknowledgeBatches(ServerContext* context,
                                                const v1::AcknowledgeBatchesRequest* request,
                                                v1::AcknowledgeBatchesResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::AcknowledgeBatches(parts_.batches, *request);
  });
}

Status ChangeCaptureService::CreateRun(ServerContext* context, const v1::CreateRunRequest* request,
                                       v1::CreateRunResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::CreateRun(
        {parts_.catalogue, parts_.runs, parts_.run_loop, parts_.schedules, parts_.mirrors, parts_.clock},
        *request);
  });
}

Status ChangeCaptureService::ApproveRun(ServerContext* context, const v1::ApproveRunRequest* request,
                                        v1::ApproveRunResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return change_capture::ApproveRun(parts_.runs, parts_.run_loop, *request);
  });
}

Status ChangeCaptureService::GetRun(ServerContext* context, const v1::GetRunRequest* request,
                                    v1::GetRunResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::GetRun(parts_.runs, *request); });
}

Status ChangeCaptureService::ListRuns(ServerContext* context, const v1::ListRunsRequest* request,
                                      v1::ListRunsResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ListRuns(parts_.runs, *request); });
}

Status ChangeCaptureService::ListSources(ServerContext* context, const v1::ListSourcesRequest* request,
                                         v1::ListSourcesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return change_capture::ListSources(parts_.source, *request); });
}

}  // namespace cognate::change_capture
