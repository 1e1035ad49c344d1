#include "services/delivery/testing/fake_peers.h"

#include "absl/strings/strip.h"
#include "common/worker/stop_token.h"
#include "tests/support/status_matchers.h"

namespace cognate::delivery {

FakePeers::FakePeers() {
  std::vector<grpc::Service*> services = {static_cast<v1::PlatformRegistryService::Service*>(this),
                                          static_cast<v1::LedgerService::Service*>(this),
                                          static_cast<v1::DueService::Service*>(this),
                                          static_cast<v1::FeedbackService::Service*>(this)};
  host_ = test_support::ValueOrDie(grpc_support::Host::Start({}, services));
}

void FakePeers::SetTarget(const std::string& id, const std::string& uri) {
  MutexLock lock(&mutex_);
  targets_[id] = {uri, ++revision_};
}

void FakePeers::SetLocked(const std::string& id, bool locked) {
  MutexLock lock(&mutex_);
  targets_[id].locked = locked;
  targets_[id].revision = ++revision_;
}

void FakePeers::SetDue(std::set<std::string> platforms) {
  MutexLock lock(&mutex_);
  due_ = std::move(platforms);
}

int FakePeers::due_count() {
  MutexLock lock(&mutex_);
  return due_count_;
}

std::string FakePeers::UriOf(const std::string& id) {
  MutexLock lock(&mutex_);
  return targets_[id].uri;
}

void FakePeers::RemoveTarget(const std::string& id) {
  MutexLock lock(&mutex_);
  targets_.erase(id);
  ++revision_;
}

void FakePeers::SetLocalId(const std::string& entity_id, const std::string& model,
                           const std::string& local_id) {
  MutexLock lock(&mutex_);
  local_ids_[{entity_id, model}] = local_id;
}

void FakePeers::SetFeedbackDown(bool down) {
  MutexLock lock(&mutex_);
  feedback_down_ = down;
}

void FakePeers::SetReportHangs(const std::string& platform) {
  MutexLock lock(&mutex_);
  report_hangs_ = platform;
}

void FakePeers::SetRefillHangs(const std::string& platform) {
  MutexLock lock(&mutex_);
  refill_hangs_ = platform;
}

int FakePeers::hanging_count() {
  MutexLock lock(&mutex_);
  return hanging_count_;
}

std::vector<std::string> FakePeers::platform_events() {
  MutexLock lock(&mutex_);
  return platform_events_;
}

// Until the caller gives up, or it is told otherwise.
void FakePeers::Hang(const std::string& platform, std::string FakePeers::*hangs,
                     grpc::ServerContext* context) {
  StopToken pause;
  const auto hanging = [&](int change) {
    MutexLock lock(&mutex_);
    hanging_count_ += change;
    return this->*hangs == platform;
  };
  if (!hanging(+1)) {
    hanging(-1);
    return;
  }
  while (hanging(0) && !context->IsCancelled()) pause.WaitFor(absl::Milliseconds(2));
  hanging(-1);
}

FakePeers::Outcomes FakePeers::outcomes(const std::string& platform) {
  MutexLock lock(&mutex_);
  return outcomes_[platform];
}

v1::Outcome FakePeers::OutcomeOf(const std::string& entity_id) {
  MutexLock lock(&mutex_);
  for (const auto& [platform, outcomes] : outcomes_) {
    for (const auto& [key, outcome] : outcomes) {
      if (key.first == entity_id) return outcome;
    }
  }
  return {};
}

int FakePeers::report_count() {
  MutexLock lock(&mutex_);
  return report_count_;
}

std::vector<v1::RefillRequest> FakePeers::refills() {
  MutexLock lock(&mutex_);
  return refills_;
}

grpc::Status FakePeers::GetRules(grpc::ServerContext*, const v1::GetRulesRequest* request,
                                 v1::GetRulesResponse* response) {
  MutexLock lock(&mutex_);
  response->set_revision(revision_);
  if (request->known_revision() == revision_) return grpc::Status::OK;
  response->mutable_rules()->set_revision(revision_);
  for (const auto& [id, target] : targets_) {
    response->mutable_rules()->add_syncs()->mutable_sync()->set_target_platform(id);
  }
  return grpc::Status::OK;
}

grpc::Status FakePeers::GetPlatform(grpc::ServerContext*, const v1::GetPlatformRequest* request,
                                    v1::GetPlatformResponse* response) {
  MutexLock lock(&mutex_);
  const auto target = targets_.find(std::string(absl::StripPrefix(request->name(), "platforms/")));
  if (target == targets_.end()) return {grpc::StatusCode::NOT_FOUND, "no such platform"};
  *response->mutable_platform() = PlatformOf(target->first, target->second);
  return grpc::Status::OK;
}

v1::Platform FakePeers::PlatformOf(const std::string& id, const Target& target) {
  v1::Platform platform;
  platform.set_name("platforms/" + id);
  platform.set_kind(v1::PLATFORM_KIND_POSTGRES);
  platform.set_channel(v1::CHANNEL_SQL);
  platform.mutable_database()->set_uri(target.uri);
  platform.set_etag(std::to_string(target.revision));
  if (target.locked) platform.mutable_lock()->set_reason("moved");
  return platform;
}

grpc::Status FakePeers::ListPlatforms(grpc::ServerContext*, const v1::ListPlatformsRequest*,
                                      v1::ListPlatformsResponse* response) {
  MutexLock lock(&mutex_);
  for (const auto& [id, target] : targets_) *response->add_platforms() = PlatformOf(id, target);
  return grpc::Status::OK;
}

grpc::Status FakePeers::ListDuePlatforms(grpc::ServerContext*, const v1::ListDuePlatformsRequest* request,
                                         v1::ListDuePlatformsResponse* response) {
  MutexLock lock(&mutex_);
  ++due_count_;
  for (const std::string& platform : request->platforms()) {
    if (due_.count(platform) > 0) response->add_platforms(platform);
  }
  return grpc::Status::OK;
}

grpc::Status FakePeers::Resolve(grpc::ServerContext*, const v1::ResolveRequest* request,
                                v1::ResolveResponse* response) {
  MutexLock lock(&mutex_);
  for (const v1::ResolveGroup& group : request->groups()) {
    v1::ResolvedGroup& resolved = *response->add_groups();
    for (const std::string& entity : group.entity_ids()) {
      const auto known = local_ids_.find({entity, group.target_model()});
      resolved.add_target_local_ids(known == local_ids_.end() ? "" : known->second);
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakePeers::Report(grpc::ServerContext* context, const v1::ReportRequest* request,
                               v1::ReportResponse*) {
  Hang(request->platform(), &FakePeers::report_hangs_, context);
  MutexLock lock(&mutex_);
  ++report_count_;
  if (feedback_down_) return {grpc::StatusCode::UNAVAILABLE, "down"};
  for (const v1::Event& event : request->platform_events()) {
    platform_events_.push_back(request->platform() +
                               (event.kind() == v1::EVENT_KIND_PLATFORM_DOWN ? " down" : " recovered"));
  }
  for (const v1::Outcome& outcome : request->outcomes()) {
    outcomes_[request->platform()][{outcome.entity_id(), outcome.model()}] = outcome;
  }
  return grpc::Status::OK;
}

grpc::Status FakePeers::Refill(grpc::ServerContext* context, const v1::RefillRequest* request,
                               v1::RefillResponse*) {
  Hang(request->platform(), &FakePeers::refill_hangs_, context);
  MutexLock lock(&mutex_);
  refills_.push_back(*request);
  return grpc::Status::OK;
}

}  // namespace cognate::delivery
