#include "services/delivery/file_transfer_client.h"

#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/grpc/peer.h"

namespace cognate::delivery {

struct FileTransferClient::Peer {
  grpc_support::Peer<v1::FileTransferService> files;
};

FileTransferClient::FileTransferClient(const std::string& address)
    : peer_(new Peer{grpc_support::Peer<v1::FileTransferService>(address)}) {}
FileTransferClient::~FileTransferClient() = default;

absl::StatusOr<v1::BindResponse> FileTransferClient::Bind(const v1::BindRequest& request,
                                                          absl::Duration timeout) {
  return peer_->files.Call(&v1::FileTransferService::Stub::Bind, request,
                           {.timeout = timeout, .idempotent = false});
}

}  // namespace cognate::delivery
