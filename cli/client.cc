#include "cli/client.h"

namespace cognate::cli {

Client::Client(const std::string& address)
    : channel_(grpc_support::MakeChannel(address)),
      registry_(v1::PlatformRegistryService::NewStub(channel_)),
      ledger_(v1::LedgerService::NewStub(channel_)),
      keys_(v1::KeyService::NewStub(channel_)),
      pipelines_(v1::PipelineService::NewStub(channel_)),
      rules_(v1::RulesService::NewStub(channel_)),
      assignments_(v1::AssignmentService::NewStub(channel_)),
      audit_(v1::AuditService::NewStub(channel_)),
      backups_(v1::BackupService::NewStub(channel_)),
      capture_(v1::ChangeCaptureService::NewStub(channel_)),
      checks_(v1::CheckService::NewStub(channel_)),
      conflicts_(v1::ConflictService::NewStub(channel_)),
      expansions_(v1::ExpansionService::NewStub(channel_)),
      transformer_(v1::TransformerService::NewStub(channel_)),
      delivery_(v1::DeliveryService::NewStub(channel_)),
      events_(v1::EventService::NewStub(channel_)),
      feedback_(v1::FeedbackService::NewStub(channel_)),
      files_(v1::FileTransferService::NewStub(channel_)) {}

}  // namespace cognate::cli
