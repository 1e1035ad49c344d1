// The table of contents of cognate.v1.ChangeCaptureService.
#pragma once

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "common/clock/clock.h"
#include "common/grpc/unary.h"
#include "services/change_capture/batch_store.h"
#include "services/change_capture/capture_batch.h"
#include "services/change_capture/change_source.h"
#include "services/change_capture/newest_records_store.h"
#include "services/change_capture/replay_writer.h"
#include "services/change_capture/run_loop.h"
#include "services/change_capture/run_store.h"

namespace cognate::change_capture {

// What the RPCs work with; all outlive the service.
struct ServiceParts {
  const Clock& clock;
  Catalogue& catalogue;
  const BatchChecker& checker;
  Appender& appender;
  ChangeLog& log;
  NewestRecordsStore& newest;
  BatchStore& batches;
  ReplayWriter& replays;
  RunStore& runs;
  RunLoop& run_loop;
  Schedules& schedules;
  MirrorRuns& mirrors;
  ChangeSource& source;
};

class ChangeCaptureService final : public v1::ChangeCaptureService::Service {
 public:
  ChangeCaptureService(grpc_support::RpcBoundary& rpcs, const ServiceParts& parts)
      : rpcs_(rpcs), parts_(parts) {}

  grpc::Status Capture(grpc::ServerContext* context, const v1::CaptureRequest* request,
                       v1::CaptureResponse* response) override;
  grpc::Status CaptureStream(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::CaptureStreamResponse, v1::CaptureStreamRequest>* stream) override;
  grpc::Status Replay(grpc::ServerContext* context, const v1::ReplayRequest* request,
                      v1::ReplayResponse* response) override;
  grpc::Status GetLatestChange(grpc::ServerContext* context, const v1::GetLatestChangeRequest* request,
                               v1::GetLatestChangeResponse* response) override;
  grpc::Status ListPreviousChanges(grpc::ServerContext* context,
                                   const v1::ListPreviousChangesRequest* request,
                                   v1::ListPreviousChangesResponse* response) override;
  grpc::Status ListLatestChanges(grpc::ServerContext* context, const v1::ListLatestChangesRequest* request,
                                 v1::ListLatestChangesResponse* response) override;
  grpc::Status AcknowledgeBatches(grpc::ServerContext* context, const v1::AcknowledgeBatchesRequest* request,
                                  v1::AcknowledgeBatchesResponse* response) override;
  grpc::Status CreateRun(grpc::ServerContext* context, const v1::CreateRunRequest* request,
                         v1::CreateRunResponse* response) override;
  grpc::Status ApproveRun(grpc::ServerContext* context, const v1::ApproveRunRequest* request,
                          v1::ApproveRunResponse* response) override;
  grpc::Status GetRun(grpc::ServerContext* context, const v1::GetRunRequest* request,
                      v1::GetRunResponse* response) override;
  grpc::Status ListRuns(grpc::ServerContext* context, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* response) override;
  grpc::Status ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                           v1::ListSourcesResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  const ServiceParts parts_;
};

}  // namespace cognate::change_capture
