// What delivery calls, as small real gRPC services in one server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cognate/v1/due_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/host.h"
#include "common/sync/mutex.h"

namespace cognate::delivery {

class FakePeers final : public v1::PlatformRegistryService::Service,
                        public v1::LedgerService::Service,
                        public v1::DueService::Service,
                        public v1::FeedbackService::Service {
 public:
  FakePeers();
  ~FakePeers() override { host_->Shutdown(absl::ZeroDuration()); }

  std::string address() const { return host_->address(); }

  // A PostgreSQL platform that a sync goes to.
  void SetTarget(const std::string& id, const std::string& uri);
  std::string UriOf(const std::string& id);
  void RemoveTarget(const std::string& id);
  // Locks a target, or no longer.
  void SetLocked(const std::string& id, bool locked);
  // What the ledger has due, as long as it says so: names of targets.
  void SetDue(std::set<std::string> platforms);
  // How often it was asked about all of them.
  int due_count();
  // What the ledger says a record is called on a target.
  void SetLocalId(const std::string& entity_id, const std::string& model, const std::string& local_id);
  // Report answers UNAVAILABLE.
  void SetFeedbackDown(bool down);
  // Calls about this platform do not answer: Report, or Refill. "" is none.
  void SetReportHangs(const std::string& platform);
  void SetRefillHangs(const std::string& platform);
  // How many calls hang now.
  int hanging_count();

  // The last outcome of each entity and model on a platform.
  using Outcomes = std::map<std::pair<std::string, std::string>, v1::Outcome>;
  Outcomes outcomes(const std::string& platform);
  // The last outcome of an entity on any platform and model; without status if there is none.
  v1::Outcome OutcomeOf(const std::string& entity_id);
  // How many Reports came, those that were refused included.
  int report_count();
  std::vector<v1::RefillRequest> refills();
  // What was told of platforms themselves, in order: "shop down", "shop recovered".
  std::vector<std::string> platform_events();

  grpc::Status GetRules(grpc::ServerContext*, const v1::GetRulesRequest*, v1::GetRulesResponse*) override;
  grpc::Status GetPlatform(grpc::ServerContext*, const v1::GetPlatformRequest*,
                           v1::GetPlatformResponse*) override;
  grpc::Status ListPlatforms(grpc::ServerContext*, const v1::ListPlatformsRequest*,
                             v1::ListPlatformsResponse*) override;
  grpc::Status ListDuePlatforms(grpc::ServerContext*, const v1::ListDuePlatformsRequest*,
                                v1::ListDuePlatformsResponse*) override;
  grpc::Status Resolve(grpc::ServerContext*, const v1::ResolveRequest*, v1::ResolveResponse*) override;
  grpc::Status Report(grpc::ServerContext*, const v1::ReportRequest*, v1::ReportResponse*) override;
  grpc::Status Refill(grpc::ServerContext*, const v1::RefillRequest*, v1::RefillResponse*) override;

 private:
  // As long as the field names the platform.
  void Hang(const std::string& platform, std::string FakePeers::*hangs, grpc::ServerContext* context);

  Mutex mutex_;
  std::string report_hangs_ ABSL_GUARDED_BY(mutex_);
  std::string refill_hangs_ ABSL_GUARDED_BY(mutex_);
  int hanging_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> platform_events_ ABSL_GUARDED_BY(mutex_);
  int64_t revision_ ABSL_GUARDED_BY(mutex_) = 1;
  struct Target {
    std::string uri;
    int64_t revision = 0;
    bool locked = false;
  };
  v1::Platform PlatformOf(const std::string& id, const Target& target);
  std::map<std::string, Target> targets_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> due_ ABSL_GUARDED_BY(mutex_);
  int due_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::pair<std::string, std::string>, std::string> local_ids_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Outcomes> outcomes_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::RefillRequest> refills_ ABSL_GUARDED_BY(mutex_);
  int report_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool feedback_down_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<grpc_support::Host> host_;
};

}  // namespace cognate::delivery
