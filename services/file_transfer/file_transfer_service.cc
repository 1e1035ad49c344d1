#include "services/file_transfer/file_transfer_service.h"

#include "services/file_transfer/batch.h"
#include "services/file_transfer/check.h"
#include "services/file_transfer/collect.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/list_files.h"
#include "services/file_transfer/read.h"
#include "services/file_transfer/scrub.h"
#include "services/file_transfer/write.h"

namespace cognate::file_transfer {

using grpc::ServerContext;
using grpc::Status;
using grpc_support::Rpc;

Status FileTransferService::Write(ServerContext* context, grpc::ServerReader<v1::WriteRequest>* reader,
                                  v1::WriteResponse* response) {
  return rpcs_.ClientStream(*context, reader, response, [&](const Rpc& rpc, auto& messages) {
    return file_transfer::Write(parts_, rpc, messages, [context] { context->TryCancel(); });
  });
}

Status FileTransferService::BatchWrite(ServerContext* context, const v1::BatchWriteRequest* request,
                                       v1::BatchWriteResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::BatchWrite(parts_, *request, rpc); });
}

Status FileTransferService::QueryWriteStatus(ServerContext* context,
                                             const v1::QueryWriteStatusRequest* request,
                                             v1::QueryWriteStatusResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::QueryWriteStatus(parts_, *request, rpc); });
}

Status FileTransferService::CancelWrite(ServerContext* context, const v1::CancelWriteRequest* request,
                                        v1::CancelWriteResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::CancelWrite(parts_, *request, rpc); });
}

Status FileTransferService::Read(ServerContext* context, const v1::ReadRequest* request,
                                 grpc::ServerWriter<v1::ReadResponse>* writer) {
  return rpcs_.ServerStream(
      *context, *request, writer, [&](const Rpc& rpc, grpc_support::Sink<v1::ReadResponse>& sink) {
        return file_transfer::Read(parts_, *request, rpc, sink, [context] { context->TryCancel(); });
      });
}

Status FileTransferService::BatchRead(ServerContext* context, const v1::BatchReadRequest* request,
                                      v1::BatchReadResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::BatchRead(parts_, *request, rpc); });
}

Status FileTransferService::Check(ServerContext* context, const v1::CheckRequest* request,
                                  v1::CheckResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::Check(parts_, *request, rpc); });
}

Status FileTransferService::Bind(ServerContext* context, const v1::BindRequest* request,
                                 v1::BindResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return file_transfer::Bind(placing_.bind_parts(), *request); });
}

Status FileTransferService::Missing(ServerContext* context, const v1::MissingRequest* request,
                                    v1::MissingResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return file_transfer::Missing(placing_.rpc_parts(), *request); });
}

Status FileTransferService::Place(ServerContext* context, const v1::PlaceRequest* request,
                                  v1::PlaceResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return PlaceFiles(placing_.rpc_parts(), *request); });
}

Status FileTransferService::ListPlacements(ServerContext* context, const v1::ListPlacementsRequest* request,
                                           v1::ListPlacementsResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return file_transfer::ListPlacements(placing_.rpc_parts(), *request);
  });
}

Status FileTransferService::Collect(ServerContext* context, const v1::CollectRequest* request,
                                    v1::CollectResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc& rpc) {
    return file_transfer::Collect(parts_, *request, [&] { return rpc.cancelled() || rpc.draining(); });
  });
}

Status FileTransferService::Scrub(ServerContext* context, const v1::ScrubRequest* request,
                                  grpc::ServerWriter<v1::ScrubResponse>* writer) {
  return rpcs_.ServerStream(*context, *request, writer,
                            [&](const Rpc& rpc, grpc_support::Sink<v1::ScrubResponse>& sink) {
                              return file_transfer::Scrub(parts_, *request, rpc, sink);
                            });
}

Status FileTransferService::GetFile(ServerContext* context, const v1::GetFileRequest* request,
                                    v1::GetFileResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc& rpc) { return file_transfer::GetFile(parts_, *request, rpc); });
}

Status FileTransferService::ListFiles(ServerContext* context, const v1::ListFilesRequest* request,
                                      v1::ListFilesResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return file_transfer::ListFiles(parts_, *request); });
}

Status FileTransferService::CreateLink(ServerContext* context, const v1::CreateLinkRequest* request,
                                       v1::CreateLinkResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return file_transfer::CreateLink(parts_, *request); });
}

Status FileTransferService::OpenLastingLink(ServerContext* context, const v1::OpenLastingLinkRequest* request,
                                            v1::OpenLastingLinkResponse* response) {
  return rpcs_.Unary(*context, *request, response, [&](const Rpc&) {
    return file_transfer::OpenLastingLink(placing_.link_parts(), *request);
  });
}

Status FileTransferService::OpenLink(ServerContext* context, const v1::OpenLinkRequest* request,
                                     v1::OpenLinkResponse* response) {
  return rpcs_.Unary(*context, *request, response,
                     [&](const Rpc&) { return file_transfer::OpenLink(parts_, *request); });
}

}  // namespace cognate::file_transfer
