// The other services for tests of the loop: real gRPC servers with answers that a test chooses.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/expansion_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/host.h"
#include "common/sync/mutex.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {

// Guarded by one mutex; what a test sets holds from the next call on.
class FakeServices {
 public:
  FakeServices() : registry_(*this), ledger_(*this), capture_(*this), expansions_(*this), feedback_(*this) {
    grpc::Service* const services[] = {&registry_, &ledger_, &capture_, &expansions_, &feedback_};
    host_ = test_support::ValueOrDie(grpc_support::Host::Start({}, services));
  }
  std::string address() const { return host_->address(); }

  void SetRules(v1::Rules rules) {
    MutexLock lock(&mutex_);
    rules_ = std::move(rules);
  }
  // The next `count` calls of `method` answer `code`.
  void Fail(const std::string& method, grpc::StatusCode code, int count) {
    MutexLock lock(&mutex_);
    failures_[method] = {code, count};
  }
  // Every Plan that names this local id's entity is refused.
  void Refuse(const std::string& local_id) {
    MutexLock lock(&mutex_);
    refused_ = EntityOf(local_id);
  }
  void SetLatest(v1::Change change) {
    MutexLock lock(&mutex_);
    latest_ = std::move(change);
  }
  std::set<int64_t> acknowledged() const {
    MutexLock lock(&mutex_);
    return acknowledged_;
  }
  std::vector<v1::Outcome> outcomes() const {
    MutexLock lock(&mutex_);
    return outcomes_;
  }
  // That were taken. Those of a parent that is called `bad` are refused, with all that come along.
  std::vector<v1::PartSet> part_sets() const {
    MutexLock lock(&mutex_);
    return part_sets_;
  }
  std::map<std::string, int64_t> desired() const {
    MutexLock lock(&mutex_);
    return desired_;
  }
  static std::string EntityOf(std::string local_id) {
    local_id.resize(16, '.');
    return local_id;
  }

 private:
  grpc::Status Failure(const std::string& method) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto& [code, count] = failures_[method];
    if (count == 0) return grpc::Status::OK;
    --count;
    return grpc::Status(code, "as the test wants");
  }

  struct Registry final : v1::PlatformRegistryService::Service {
    explicit Registry(FakeServices& owner) : all(owner) {}
    grpc::Status GetRules(grpc::ServerContext*, const v1::GetRulesRequest* request,
                          v1::GetRulesResponse* response) override {
      MutexLock lock(&all.mutex_);
      response->set_revision(all.rules_.revision());
      if (request->known_revision() != all.rules_.revision()) *response->mutable_rules() = all.rules_;
      return all.Failure("GetRules");
    }
    FakeServices& all;
  };

  struct LedgerFake final : v1::LedgerService::Service {
    explicit LedgerFake(FakeServices& owner) : all(owner) {}
    grpc::Status Resolve(grpc::ServerContext*, const v1::ResolveRequest* request,
                         v1::ResolveResponse* response) override {
      MutexLock lock(&all.mutex_);
      response->set_rules_revision(all.rules_.revision());
      for (const v1::ResolveGroup& group : request->groups()) {
        v1::ResolvedGroup* const resolved = response->add_groups();
        for (const std::string& id : group.local_ids()) {
          resolved->add_entity_ids(EntityOf(id));
          resolved->add_fingerprints();
          if (!group.target_model().empty()) resolved->add_target_local_ids();
        }
      }
      return all.Failure("Resolve");
    }
    grpc::Status Plan(grpc::ServerContext*, const v1::PlanRequest* request,
                      v1::PlanResponse* response) override {
      MutexLock lock(&all.mutex_);
      for (const v1::PlanGroup& group : request->groups()) {
        v1::PlannedGroup* const planned = response->add_groups();
        for (int i = 0; i < group.entity_ids_size(); ++i) {
          if (group.entity_ids(i) == all.refused_) {
            return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "this entity is refused");
          }
          int64_t& desired = all.desired_[absl::StrCat(group.platform(), " ", group.entity_ids(i))];
          planned->add_decisions(group.versions(i) < desired ? v1::PLAN_DECISION_STALE
                                                             : v1::PLAN_DECISION_DUE);
          planned->add_local_ids();
          desired = std::max(desired, group.versions(i));
        }
      }
      return all.Failure("Plan");
    }
    FakeServices& all;
  };

  struct Capture final : v1::ChangeCaptureService::Service {
    explicit Capture(FakeServices& owner) : all(owner) {}
    grpc::Status AcknowledgeBatches(grpc::ServerContext*, const v1::AcknowledgeBatchesRequest* request,
                                    v1::AcknowledgeBatchesResponse*) override {
      MutexLock lock(&all.mutex_);
      const grpc::Status failure = all.Failure("AcknowledgeBatches");
      if (failure.ok()) all.acknowledged_.insert(request->batch_ids().begin(), request->batch_ids().end());
      return failure;
    }
    grpc::Status GetLatestChange(grpc::ServerContext*, const v1::GetLatestChangeRequest*,
                                 v1::GetLatestChangeResponse* response) override {
      MutexLock lock(&all.mutex_);
      *response->mutable_change() = all.latest_;
      return all.Failure("GetLatestChange");
    }
    FakeServices& all;
  };

  struct Expansions final : v1::ExpansionService::Service {
    explicit Expansions(FakeServices& owner) : all(owner) {}
    grpc::Status CaptureParts(grpc::ServerContext*, const v1::CapturePartsRequest* request,
                              v1::CapturePartsResponse*) override {
      MutexLock lock(&all.mutex_);
      const grpc::Status failure = all.Failure("CaptureParts");
      if (!failure.ok()) return failure;
      for (const v1::PartSet& set : request->sets()) {
        if (set.parent().local_id() == "bad")
          return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "this parent is refused");
      }
      all.part_sets_.insert(all.part_sets_.end(), request->sets().begin(), request->sets().end());
      return failure;
    }
    FakeServices& all;
  };

  struct Feedback final : v1::FeedbackService::Service {
    explicit Feedback(FakeServices& owner) : all(owner) {}
    grpc::Status Report(grpc::ServerContext*, const v1::ReportRequest* request,
                        v1::ReportResponse*) override {
      MutexLock lock(&all.mutex_);
      const grpc::Status failure = all.Failure("Report");
      if (failure.ok()) {
        all.outcomes_.insert(all.outcomes_.end(), request->outcomes().begin(), request->outcomes().end());
      }
      return failure;
    }
    FakeServices& all;
  };

  mutable Mutex mutex_;
  v1::Rules rules_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<grpc::StatusCode, int>> failures_ ABSL_GUARDED_BY(mutex_);
  std::string refused_ ABSL_GUARDED_BY(mutex_) = "none";
  v1::Change latest_ ABSL_GUARDED_BY(mutex_);
  std::set<int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Outcome> outcomes_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::PartSet> part_sets_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> desired_ ABSL_GUARDED_BY(mutex_);

  Registry registry_;
  LedgerFake ledger_;
  Capture capture_;
  Expansions expansions_;
  Feedback feedback_;
  std::unique_ptr<grpc_support::Host> host_;
};

}  // namespace cognate::transformer
