#include "cli/client.h"

#include <string>

namespace cognate::cli {

Client::Client(const ServiceAddresses& addresses)
    : registry_(v1::PlatformRegistryService::NewStub(To(addresses, addresses.registry))),
      ledger_(v1::LedgerService::NewStub(To(addresses, addresses.registry))),
      keys_(v1::KeyService::NewStub(To(addresses, addresses.registry))),
      pipelines_(v1::PipelineService::NewStub(To(addresses, addresses.registry))),
      rules_(v1::RulesService::NewStub(To(addresses, addresses.registry))),
      assignments_(v1::AssignmentService::NewStub(To(addresses, addresses.registry))),
      audit_(v1::AuditService::NewStub(To(addresses, addresses.feedback))),
      backups_(v1::BackupService::NewStub(To(addresses, addresses.change_capture))),
      capture_(v1::ChangeCaptureService::NewStub(To(addresses, addresses.change_capture))),
      checks_(v1::CheckService::NewStub(To(addresses, addresses.registry))),
      conflicts_(v1::ConflictService::NewStub(To(addresses, addresses.change_capture))),
      expansions_(v1::ExpansionService::NewStub(To(addresses, addresses.change_capture))),
      transformer_(v1::TransformerService::NewStub(To(addresses, addresses.transformer))),
      delivery_(v1::DeliveryService::NewStub(To(addresses, addresses.delivery))),
      events_(v1::EventService::NewStub(To(addresses, addresses.feedback))),
      feedback_(v1::FeedbackService::NewStub(To(addresses, addresses.feedback))),
      files_(v1::FileTransferService::NewStub(To(addresses, addresses.file_transfer))) {}

const std::shared_ptr<grpc::Channel>& Client::To(const ServiceAddresses& addresses, const std::string& own) {
  const std::string& address = own.empty() ? addresses.all : own;
  std::shared_ptr<grpc::Channel>& channel = channels_[address];
  if (channel == nullptr) channel = grpc_support::MakeChannel(address);
  return channel;
}

}  // namespace cognate::cli
