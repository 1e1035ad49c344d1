// The table of contents of cognate.v1.BackupService.
#pragma once

#include "cognate/v1/backup_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/change_capture/restores/restores.h"

namespace cognate::change_capture {

class BackupService final : public v1::BackupService::Service {
 public:
  BackupService(grpc_support::RpcBoundary& rpcs, ChangeLog& log, PastStore& past, Catalogue& catalogue,
                Amender& amender)
      : rpcs_(rpcs), log_(log), past_(past), catalogue_(catalogue), amender_(amender) {}

  grpc::Status ListPastRecords(grpc::ServerContext* context, const v1::ListPastRecordsRequest* request,
                               v1::ListPastRecordsResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return change_capture::ListPastRecords(log_, past_, *request);
    });
  }
  grpc::Status RestoreRecords(grpc::ServerContext* context, const v1::RestoreRecordsRequest* request,
                              v1::RestoreRecordsResponse* response) override {
    return rpcs_.Unary(*context, *request, response, [&](const grpc_support::Rpc&) {
      return change_capture::RestoreRecords(log_, catalogue_, amender_, *request);
    });
  }

 private:
  grpc_support::RpcBoundary& rpcs_;
  ChangeLog& log_;
  PastStore& past_;
  Catalogue& catalogue_;
  Amender& amender_;
};

}  // namespace cognate::change_capture
