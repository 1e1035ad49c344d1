#include "services/delivery/agent_channel/agent_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/trace/current.h"
#include "common/value/local_id.h"
#include "common/value/parse.h"
#include "services/clients/delivery_pause.h"
#include "services/delivery/public_delivery.h"

namespace cognate::delivery {
namespace {

using absl::StrCat;

constexpr int kMaxDeliveries = 1'000;
constexpr int kDefaultDeliveries = 100;
constexpr int kMaxResults = 1'000;
constexpr absl::Duration kMaxWait = absl::Seconds(60);
constexpr absl::Duration kDefaultWait = absl::Seconds(20);
constexpr absl::Duration kMinLease = absl::Seconds(1);
constexpr absl::Duration kMaxLease = absl::Minutes(10);
constexpr absl::Duration kDefaultLease = absl::Seconds(60);
constexpr absl::Duration kMargin = absl::Milliseconds(200);  // for the answer's way back
constexpr absl::Duration kSignOfLife = absl::Seconds(15);
constexpr absl::Duration kPlatformKnownFor = absl::Seconds(2);
constexpr absl::Duration kLongestTelling = absl::Seconds(20);

Error Invalid(const std::vector<FieldViolation>& violations) {
  std::string message = "the request is wrong:";
  for (const FieldViolation& violation : violations)
    absl::StrAppend(&message, " ", violation.field, ": ", violation.description, ";");
  Error error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message);
  for (const FieldViolation& violation : violations) error.Violation(violation.field, violation.description);
  return error;
}

// What the two ways to ask have in common.
struct Ask {
  std::string platform;
  int count = 0;
  absl::Duration lease = kDefaultLease;
};

template <typename Request>
Ask AskOf(const Request& request, const char* count_field, int count,
          std::vector<FieldViolation>* violations) {
  Ask ask{request.platform(), count == 0 ? kDefaultDeliveries : count, kDefaultLease};
  if (request.platform().empty()) violations->push_back({"platform", "got nothing, want the platform's id"});
  if (count < 0 || count > kMaxDeliveries)
    violations->push_back({count_field, StrCat("got ", count, ", want 1 to ", kMaxDeliveries)});
  if (!request.has_lease_duration()) return ask;
  ask.lease = ToDuration(request.lease_duration());
  if (ask.lease < kMinLease || ask.lease > kMaxLease) {
    violations->push_back(
        {"lease_duration", StrCat("got ", absl::FormatDuration(ask.lease), ", want 1 s to 10 min")});
  }
  return ask;
}

template <typename Response>
Response ResponseOf(Lent lent) {
  Response response;
  if (lent.deliveries.empty()) return response;
  response.set_lease(lent.lease);
  *response.mutable_expire_time() = ToTimestamp(lent.expires);
  for (v1::Delivery& delivery : lent.deliveries) *response.add_deliveries() = std::move(delivery);
  return response;
}

void CheckResult(const v1::DeliveryResult& result, const std::string& path,
                 std::vector<FieldViolation>* violations) {
  const auto wrong = [&](absl::string_view field, std::string description) {
    violations->push_back({StrCat(path, ".", field), std::move(description)});
  };
  if (!Uuid::Parse(result.entity_id()).ok())
    wrong("entity_id", StrCat("got \"", result.entity_id(), "\", want the delivery's UUID"));
  if (result.model().empty()) wrong("model", "got nothing, want the delivery's");
  if (result.local_id().size() > value::kMaxLocalIdBytes ||
      !value::CharacterCount(result.local_id()).has_value()) {
    wrong("local_id", StrCat("got ", result.local_id().size(), " bytes, want at most ",
                             value::kMaxLocalIdBytes, " bytes without NUL characters"));
  }
  if (result.version() <= 0) wrong("version", StrCat("got ", result.version(), ", want the delivery's"));
  if (result.operation() != v1::OPERATION_UPDATE && result.operation() != v1::OPERATION_DELETE)
    wrong("operation", "want the delivery's: OPERATION_UPDATE or OPERATION_DELETE");
  if (!IsAnswer(result.status())) {
    wrong("status", StrCat("got ", v1::OutcomeStatus_Name(result.status()),
                           ", want APPLIED, SKIPPED, REJECTED, CONFLICT, UNAUTHENTICATED or FAILED"));
  } else if (result.status() != v1::OUTCOME_STATUS_APPLIED) {
    if (result.error().reason().empty()) wrong("error.reason", "got nothing, want why it was not applied");
  } else if (result.local_id().empty() && result.operation() == v1::OPERATION_UPDATE) {
    wrong("local_id",
          "got nothing, want the record's id on the platform: deliveries to come name it by that");
  }
}

// Of a result whose delivery is no longer in the box: what can be said without it.
v1::Outcome LateOutcome(const v1::DeliveryResult& result) {
  v1::Outcome applied;
  applied.set_entity_id(std::string(Uuid::Parse(result.entity_id())->AsBytes()));
  applied.set_model(result.model());
  applied.set_version(result.version());
  applied.set_operation(result.operation());
  applied.set_status(v1::OUTCOME_STATUS_APPLIED);
  v1::Outcome outcome = OutcomeOf(applied, result.local_id(), result);
  MakeStorable(&outcome);
  return outcome;
}

}  // namespace

absl::StatusOr<v1::Platform> AgentCalls::PlatformOf(const std::string& platform) {
  const absl::Time now = context_.clock.Now();
  {
    MutexLock lock(&mutex_);
    const auto found = known_.find(platform);
    if (found != known_.end() && now < found->second.until) return found->second.platform;
  }
  ASSIGN_OR_RETURN(v1::Platform read, context_.registry.GetPlatform(platform, kRegistryCall));
  MutexLock lock(&mutex_);
  known_[platform] = {read, now + kPlatformKnownFor};
  return read;
}

absl::Status AgentCalls::MayLend(const std::string& id) {
  ASSIGN_OR_RETURN(const v1::Platform platform, PlatformOf(id));
  if (platform.channel() != v1::CHANNEL_AGENT) {
    return Error(absl::StatusCode::kFailedPrecondition, "PLATFORM_IS_NO_AGENT",
                 StrCat(id, " is delivered to by ", v1::Channel_Name(platform.channel()),
                        "; set its channel to CHANNEL_AGENT (`cognate platform update ", id, " --pull`)"));
  }
  const std::optional<clients::DeliveryPause> pause = clients::PauseAt(platform, context_.clock.Now());
  if (pause.has_value()) {
    const absl::Duration rest = std::min(pause->until - context_.clock.Now(), absl::Minutes(1));
    return Error(absl::StatusCode::kFailedPrecondition, "PLATFORM_LOCKED",
                 StrCat("nothing is delivered to ", id, " now: ", pause->reason))
        .RetryAfter(rest);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AgentCalls::OwnerOf(const std::string& id) {
  mailboxes_.Of(id).NoteAsked();
  if (manager_.WakeIfClosed(id)) return "";
  ASSIGN_OR_RETURN(std::string address, leases_.AddressOf(id));
  // Its own: the lease has just been taken, and the lane is not there yet.
  if (!address.empty() && address != manager_.address()) return address;
  return Error(absl::StatusCode::kUnavailable, "LANE_NOT_READY",
               StrCat("this process does not deliver to ", id,
                      ": another one does, or no sync leads there yet; try again"))
      .RetryAfter(absl::Seconds(1));
}

// Waits for what the box has, or for what another replica answers.
struct AgentCalls::PullUnderWay {
  bool has_begun = false;
  Ask ask;
  absl::Time until;
  std::shared_ptr<grpc_support::CallUnderWay<v1::PullResponse>> elsewhere;
};

AgentCalls::PullLook AgentCalls::Pull(const v1::PullRequest& request) {
  return [this, &request, pull = std::make_shared<PullUnderWay>()](
             const grpc_support::Rpc& rpc) -> absl::StatusOr<std::optional<v1::PullResponse>> {
    if (!pull->has_begun) RETURN_IF_ERROR(BeginPull(request, rpc, *pull));
    return LookForPull(rpc, *pull);
  };
}

absl::Status AgentCalls::BeginPull(const v1::PullRequest& request, const grpc_support::Rpc& rpc,
                                   PullUnderWay& pull) {
  std::vector<FieldViolation> violations;
  pull.ask = AskOf(request, "max_deliveries", request.max_deliveries(), &violations);
  const absl::Duration wait = request.has_wait() ? ToDuration(request.wait()) : kDefaultWait;
  if (wait < absl::ZeroDuration() || wait > kMaxWait)
    violations.push_back({"wait", StrCat("got ", absl::FormatDuration(wait), ", want 0 s to 60 s")});
  if (!violations.empty()) return Invalid(violations);
  RETURN_IF_ERROR(MayLend(pull.ask.platform));
  ASSIGN_OR_RETURN(const std::string owner, OwnerOf(pull.ask.platform));
  pull.until = std::min(context_.clock.Now() + wait, rpc.deadline() - kMargin);
  if (!owner.empty()) {
    pull.elsewhere =
        replicas_.BeginPull(owner, request, rpc, [this, id = pull.ask.platform] { waiting_.Wake(id); });
  }
  pull.has_begun = true;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::PullResponse>> AgentCalls::LookForPull(const grpc_support::Rpc& rpc,
                                                                        PullUnderWay& pull) {
  const bool is_over = rpc.cancelled() || rpc.draining();
  if (pull.elsewhere != nullptr) {
    if (!pull.elsewhere->has_ended()) {
      if (is_over) pull.elsewhere->Cancel();
      return std::nullopt;
    }
    ASSIGN_OR_RETURN(v1::PullResponse response, pull.elsewhere->Take());
    return response;
  }
  if (is_over) return v1::PullResponse();
  const absl::Time now = context_.clock.Now();
  Lent lent =
      mailboxes_.Of(pull.ask.platform).LendNow(static_cast<size_t>(pull.ask.count), {}, pull.ask.lease);
  if (lent.deliveries.empty() && now < pull.until) return std::nullopt;
  trace::Answer(lent.trace);
  return ResponseOf<v1::PullResponse>(std::move(lent));
}

absl::Status AgentCalls::Subscribe(const v1::SubscribeRequest& request, const grpc_support::Rpc& rpc,
                                   grpc_support::Sink<v1::SubscribeResponse>& sink) {
  std::vector<FieldViolation> violations;
  const Ask ask = AskOf(request, "credits", request.credits(), &violations);
  if (!violations.empty()) return Invalid(violations);
  RETURN_IF_ERROR(MayLend(ask.platform));  // before there is a mailbox of that name
  Mailbox& mailbox = mailboxes_.Of(ask.platform);
  absl::flat_hash_set<std::string> leases;
  const auto gone = [&] { return rpc.cancelled() || rpc.draining(); };
  while (!gone()) {
    RETURN_IF_ERROR(MayLend(ask.platform));
    ASSIGN_OR_RETURN(const std::string owner, OwnerOf(ask.platform));
    if (!owner.empty()) return replicas_.Subscribe(owner, request, rpc, sink);
    Lent lent = mailbox.Lend(static_cast<size_t>(ask.count), leases, ask.lease,
                             context_.clock.Now() + kSignOfLife, gone);
    if (!lent.lease.empty()) leases.insert(lent.lease);
    if (!sink.Write(ResponseOf<v1::SubscribeResponse>(std::move(lent)))) break;
    mailbox.ForgetOver(&leases);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::DeliveryServiceReportResponse> AgentCalls::Report(
    const v1::DeliveryServiceReportRequest& request, const grpc_support::Rpc& rpc) {
  std::vector<FieldViolation> violations;
  if (request.platform().empty()) violations.push_back({"platform", "got nothing, want the platform's id"});
  if (request.results().empty() || request.results_size() > kMaxResults) {
    violations.push_back({"results", StrCat("got ", request.results_size(), ", want 1 to ", kMaxResults)});
  } else {
    for (int i = 0; i < request.results_size(); ++i)
      CheckResult(request.results(i), StrCat("results[", i, "]"), &violations);
  }
  if (!violations.empty()) return Invalid(violations);
  RETURN_IF_ERROR(PlatformOf(request.platform()).status());
  // Where nobody has the lane the results are late ones.
  const absl::StatusOr<std::string> owner = OwnerOf(request.platform());
  if (owner.ok() && !owner->empty()) return replicas_.Report(*owner, request, rpc);
  Mailbox& mailbox = mailboxes_.Of(request.platform());
  std::vector<const v1::DeliveryResult*> others;
  const std::shared_ptr<Answers> answers = mailbox.Answer(request.results(), &others);
  if (!others.empty()) RETURN_IF_ERROR(ReportOthers(request.platform(), others));
  const absl::Time until = std::min(rpc.deadline() - kMargin, context_.clock.Now() + kLongestTelling);
  if (!mailbox.AwaitTold(answers, until, [&] { return rpc.cancelled() || rpc.draining(); })) {
    return Error(absl::StatusCode::kUnavailable, "NOT_TOLD_YET",
                 "the results are known and not yet written down; report them again")
        .RetryAfter(absl::Seconds(1));
  }
  return v1::DeliveryServiceReportResponse();
}

// What is written is written, whoever has the lease now.
absl::Status AgentCalls::ReportOthers(const std::string& platform,
                                      const std::vector<const v1::DeliveryResult*>& results) {
  v1::ReportRequest report;
  report.set_platform(platform);
  for (const v1::DeliveryResult* result : results) *report.add_outcomes() = LateOutcome(*result);
  return context_.feedback.Report(report, nullptr);
}

}  // namespace cognate::delivery
