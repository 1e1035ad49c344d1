#include "common/service/cluster.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/grpc/in_process.h"
#include "common/grpc/remote_access.h"
#include "common/http/admin_server.h"
#include "common/ids/uuid.h"
#include "common/log/log.h"
#include "common/service/certificate_metrics.h"
#include "common/worker/worker.h"

namespace cognate::service {
namespace {

// One service and what it was given.
struct Member {
  Member(absl::string_view its_noun, const Clock& clock, metrics::Registry& metrics, access::Gate* gate,
         const grpc_support::HostOptions& host)
      : noun(its_noun), environment{clock, metrics, readiness, gate, &host} {}

  const std::string noun;
  health::Readiness readiness;
  Environment environment;
  std::unique_ptr<Service> service;
  bool started = false;
};

std::unique_ptr<access::Gate> MakeGate(const AccessOptions& options, const std::string& internal_address,
                                       const Clock& clock) {
  access::GateOptions gate;
  gate.service_keys = options.service_keys;
  gate.anonymous_role = options.anonymous_role;
  gate.verify = grpc_support::VerifyBy(options.registry.empty() ? internal_address : options.registry);
  gate.audit = grpc_support::AuditBy(options.feedback.empty() ? internal_address : options.feedback);
  return std::make_unique<access::Gate>(std::move(gate), clock);
}

enum class Phase { kNew, kStarting, kServing, kDraining, kStopped };

}  // namespace

struct Cluster::State {
  State(ClusterOptions its_options, const Clock& its_clock, metrics::Registry& its_metrics)
      : options(std::move(its_options)), clock(its_clock), metrics(its_metrics) {
    options.host.in_process_address = internal_address;
    if (!options.host.tls.certificate.empty())
      certificate = std::make_unique<CertificateMetrics>(options.host.tls, clock, metrics);
    if (options.access) gate = MakeGate(*options.access, internal_address, clock);
  }

  Member* Find(absl::string_view noun) {
    for (const std::unique_ptr<Member>& member : members) {
      if (member->noun == noun) return member.get();
    }
    return nullptr;
  }

  std::vector<health::Readiness::Answer> Ask() const {
    std::vector<health::Readiness::Answer> answers = {{"process", PhaseStatus(), health::Concern::kCalls}};
    for (const std::unique_ptr<Member>& member : members) {
      for (health::Readiness::Answer& answer : member->readiness.Ask()) {
        answers.push_back(
            {absl::StrCat(member->noun, ".", answer.name), std::move(answer.status), answer.concern});
      }
    }
    return answers;
  }

  absl::Status PhaseStatus() const {
    const Phase now = phase;
    if (now == Phase::kServing) return absl::OkStatus();
    return absl::UnavailableError(now < Phase::kServing ? "starting" : "stopping");
  }

  // gRPC health follows readiness, service by service.
  void UpdateHealth() const {
    bool all_ready = true;
    for (const std::unique_ptr<Member>& member : members) {
      const bool ready = phase == Phase::kServing && member->readiness.Ready().ok();
      all_ready = all_ready && ready;
      for (const std::string& name : member->service->service_names()) host->SetServing(name, ready);
    }
    host->SetServing("", all_ready);
  }

  absl::Status StartAdmin() {
    absl::StatusOr<std::unique_ptr<http::AdminServer>> started = http::AdminServer::Start(
        {.address = options.admin,
         .log_level_changes = options.log_level_changes,
         .log_level_changed = [this](const http::LogLevelChange& change) { Audit(change); }},
        metrics, [this] { return Ask(); });
    if (started.ok()) admin = *std::move(started);
    return started.status();
  }

  // The level is most needed while something does not work, so that it does not wait for the audit.
  void Audit(const http::LogLevelChange& change) const {
    if (!options.access.has_value()) return;
    v1::AuditEntry entry;
    entry.set_phase(v1::AUDIT_PHASE_BEGIN);
    entry.set_principal("local");
    entry.set_address(change.address);
    entry.set_method("log-level");
    entry.set_target(members.size() == 1 ? members.front()->noun : "cognate");
    entry.set_request_id(Uuid::V7(clock).ToString());
    entry.set_request(absl::StrCat("{\"from\":\"", change.from, "\",\"to\":\"", change.to, "\"}"));
    v1::AuditEntry end = entry;
    end.set_phase(v1::AUDIT_PHASE_END);
    end.clear_request();
    end.set_code("OK");
    const absl::Status written = grpc_support::AuditBy(
        options.access->feedback.empty() ? internal_address : options.access->feedback)({entry, end});
    if (!written.ok()) log::Error("change of the log level not audited", {{"status", written}});
  }

  absl::Status StartHost() {
    std::vector<grpc::Service*> services;
    for (const std::unique_ptr<Member>& member : members) {
      for (grpc::Service* service : member->service->grpc_services()) services.push_back(service);
    }
    absl::StatusOr<std::unique_ptr<grpc_support::Host>> started =
        grpc_support::Host::Start(options.host, services);
    if (started.ok()) host = *std::move(started);
    return started.status();
  }

  absl::Status StartServices() {
    for (const std::unique_ptr<Member>& member : members) {
      const absl::Status status = member->service->Start();
      if (!status.ok())
        return absl::Status(status.code(), absl::StrCat(member->noun, ": ", status.message()));
      member->started = true;
    }
    return absl::OkStatus();
  }

  void StartHealth() {
    UpdateHealth();
    health_worker = std::make_unique<Worker>("health", [this](StopToken& stop) {
      while (!stop.WaitFor(options.health_interval)) UpdateHealth();
    });
  }

  ClusterOptions options;
  const Clock& clock;
  metrics::Registry& metrics;
  const std::string internal_address = grpc_support::NewInProcessAddress();
  std::unique_ptr<access::Gate> gate;
  std::unique_ptr<CertificateMetrics> certificate;  // null without one.
  std::atomic<Phase> phase = Phase::kNew;
  std::vector<std::unique_ptr<Member>> members;
  std::unique_ptr<http::AdminServer> admin;
  std::unique_ptr<grpc_support::Host> host;
  std::unique_ptr<Worker> health_worker;
};

Cluster::Cluster(ClusterOptions options, const Clock& clock, metrics::Registry& metrics)
    : state_(std::make_unique<State>(std::move(options), clock, metrics)) {}
Cluster::~Cluster() { Shutdown(); }

Environment& Cluster::AddEnvironment(absl::string_view noun) {
  state_->members.push_back(std::make_unique<Member>(noun, state_->clock, state_->metrics, state_->gate.get(),
                                                     state_->options.host));
  return state_->members.back()->environment;
}

void Cluster::Add(absl::string_view noun, std::unique_ptr<Service> service) {
  state_->Find(noun)->service = std::move(service);
}

absl::Status Cluster::Start() {
  // An environment whose service could not be made is none.
  std::erase_if(state_->members, [](const auto& member) { return member->service == nullptr; });
  state_->phase = Phase::kStarting;
  absl::Status status = state_->StartAdmin();
  if (status.ok()) status = state_->StartHost();
  if (status.ok()) status = state_->StartServices();
  if (!status.ok()) {
    Shutdown();
    return status;
  }
  state_->phase = Phase::kServing;
  state_->StartHealth();
  return absl::OkStatus();
}

void Cluster::Shutdown() {
  if (state_->phase.exchange(Phase::kDraining) == Phase::kStopped) {
    state_->phase = Phase::kStopped;
    return;
  }
  state_->health_worker.reset();
  if (state_->host != nullptr) {
    state_->host->SetAllServing(false);
    for (const auto& member : state_->members) member->service->Drain();
    state_->host->Shutdown(state_->options.drain_timeout);
  }
  for (auto member = state_->members.rbegin(); member != state_->members.rend(); ++member) {
    if ((*member)->started) (*member)->service->Shutdown();
  }
  if (state_->admin != nullptr) state_->admin->Shutdown();
  state_->phase = Phase::kStopped;
}

int Cluster::port() const { return state_->host == nullptr ? 0 : state_->host->port(); }
int Cluster::admin_port() const { return state_->admin == nullptr ? 0 : state_->admin->port(); }
std::string Cluster::address() const { return state_->host == nullptr ? "" : state_->host->address(); }
const std::string& Cluster::internal_address() const { return state_->internal_address; }

absl::Status Cluster::Ready() const {
  if (state_->phase == Phase::kServing) state_->UpdateHealth();
  std::string troubles;
  for (const health::Readiness::Answer& answer : state_->Ask()) {
    if (answer.status.ok()) continue;
    absl::StrAppend(&troubles, troubles.empty() ? "" : "; ", answer.name, ": ", answer.status.message());
  }
  return troubles.empty() ? absl::OkStatus() : absl::UnavailableError(troubles);
}

}  // namespace cognate::service
