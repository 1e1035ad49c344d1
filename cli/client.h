#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/service_addresses.h"
#include "cognate/v1/assignment_service.grpc.pb.h"
#include "cognate/v1/audit_service.grpc.pb.h"
#include "cognate/v1/backup_service.grpc.pb.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/check_service.grpc.pb.h"
#include "cognate/v1/conflict_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/event_service.grpc.pb.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/pipeline_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/rules_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/channel.h"

namespace cognate::cli {

// The services as the command line reaches them.
class Client {
 public:
  explicit Client(const ServiceAddresses& addresses);

  v1::PlatformRegistryService::Stub& registry() { return *registry_; }
  v1::LedgerService::Stub& ledger() { return *ledger_; }
  v1::KeyService::Stub& keys() { return *keys_; }
  v1::PipelineService::Stub& pipelines() { return *pipelines_; }
  v1::RulesService::Stub& rules() { return *rules_; }
  v1::AssignmentService::Stub& assignments() { return *assignments_; }
  v1::AuditService::Stub& audit() { return *audit_; }
  v1::BackupService::Stub& backups() { return *backups_; }
  v1::ChangeCaptureService::Stub& capture() { return *capture_; }
  v1::CheckService::Stub& checks() { return *checks_; }
  v1::ConflictService::Stub& conflicts() { return *conflicts_; }
  v1::ExpansionService::Stub& expansions() { return *expansions_; }
  v1::TransformerService::Stub& transformer() { return *transformer_; }
  v1::DeliveryService::Stub& delivery() { return *delivery_; }
  v1::EventService::Stub& events() { return *events_; }
  v1::FeedbackService::Stub& feedback() { return *feedback_; }
  v1::FileTransferService::Stub& files() { return *files_; }

  // One call that may be repeated: every create below carries a request id.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    return grpc_support::Call(stub, method, request,
                              {.timeout = absl::Seconds(30), .idempotent = true, .max_attempts = 3});
  }

 private:
  // Of a service that has `own` for its address, or none of its own.
  const std::shared_ptr<grpc::Channel>& To(const ServiceAddresses& addresses, const std::string& own);

  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;  // by address
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_;
  std::unique_ptr<v1::LedgerService::Stub> ledger_;
  std::unique_ptr<v1::KeyService::Stub> keys_;
  std::unique_ptr<v1::PipelineService::Stub> pipelines_;
  std::unique_ptr<v1::RulesService::Stub> rules_;
  std::unique_ptr<v1::AssignmentService::Stub> assignments_;
  std::unique_ptr<v1::AuditService::Stub> audit_;
  std::unique_ptr<v1::BackupService::Stub> backups_;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::unique_ptr<v1::CheckService::Stub> checks_;
  std::unique_ptr<v1::ConflictService::Stub> conflicts_;
  std::unique_ptr<v1::ExpansionService::Stub> expansions_;
  std::unique_ptr<v1::TransformerService::Stub> transformer_;
  std::unique_ptr<v1::DeliveryService::Stub> delivery_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::FeedbackService::Stub> feedback_;
  std::unique_ptr<v1::FileTransferService::Stub> files_;
};

}  // namespace cognate::cli
