#pragma once

#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/grpc/unary.h"
#include "services/file_transfer/parts.h"
#include "services/file_transfer/placing/placing.h"

namespace cognate::file_transfer {

// The RPCs; each is one line. `parts` and `placing` outlive it.
class FileTransferService final : public v1::FileTransferService::Service {
 public:
  FileTransferService(grpc_support::RpcBoundary& rpcs, Parts& parts, Placing& placing)
      : rpcs_(rpcs), parts_(parts), placing_(placing) {}

  grpc::Status Write(grpc::ServerContext* context, grpc::ServerReader<v1::WriteRequest>* reader,
                     v1::WriteResponse* response) override;
  grpc::Status BatchWrite(grpc::ServerContext* context, const v1::BatchWriteRequest* request,
                          v1::BatchWriteResponse* response) override;
  grpc::Status QueryWriteStatus(grpc::ServerContext* context, const v1::QueryWriteStatusRequest* request,
                                v1::QueryWriteStatusResponse* response) override;
  grpc::Status CancelWrite(grpc::ServerContext* context, const v1::CancelWriteRequest* request,
                           v1::CancelWriteResponse* response) override;
  grpc::Status Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadResponse>* writer) override;
  grpc::Status BatchRead(grpc::ServerContext* context, const v1::BatchReadRequest* request,
                         v1::BatchReadResponse* response) override;
  grpc::Status Check(grpc::ServerContext* context, const v1::CheckRequest* request,
                     v1::CheckResponse* response) override;
  grpc::Status Bind(grpc::ServerContext* context, const v1::BindRequest* request,
                    v1::BindResponse* response) override;
  grpc::Status Missing(grpc::ServerContext* context, const v1::MissingRequest* request,
                       v1::MissingResponse* response) override;
  grpc::Status Place(grpc::ServerContext* context, const v1::PlaceRequest* request,
                     v1::PlaceResponse* response) override;
  grpc::Status ListPlacements(grpc::ServerContext* context, const v1::ListPlacementsRequest* request,
                              v1::ListPlacementsResponse* response) override;
  grpc::Status Collect(grpc::ServerContext* context, const v1::CollectRequest* request,
                       v1::CollectResponse* response) override;
  grpc::Status Scrub(grpc::ServerContext* context, const v1::ScrubRequest* request,
                     grpc::ServerWriter<v1::ScrubResponse>* writer) override;
  grpc::Status GetFile(grpc::ServerContext* context, const v1::GetFileRequest* request,
                       v1::GetFileResponse* response) override;
  grpc::Status ListFiles(grpc::ServerContext* context, const v1::ListFilesRequest* request,
                         v1::ListFilesResponse* response) override;
  grpc::Status CreateLink(grpc::ServerContext* context, const v1::CreateLinkRequest* request,
                          v1::CreateLinkResponse* response) override;
  grpc::Status OpenLastingLink(grpc::ServerContext* context, const v1::OpenLastingLinkRequest* request,
                               v1::OpenLastingLinkResponse* response) override;
  grpc::Status OpenLink(grpc::ServerContext* context, const v1::OpenLinkRequest* request,
                        v1::OpenLinkResponse* response) override;

 private:
  grpc_support::RpcBoundary& rpcs_;
  Parts& parts_;
  Placing& placing_;
};

}  // namespace cognate::file_transfer
