// The one place that decides who calls, what that one may, and that it is written down.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/audit_service.pb.h"
#include "cognate/v1/key.pb.h"
#include "common/access/methods.h"
#include "common/clock/clock.h"
#include "common/retry/rate_limit.h"
#include "common/sync/mutex.h"

namespace cognate::access {

// A caller as its connection shows it.
struct Caller {
  bool is_local = false;         // A unix socket, or the same process.
  bool has_certificate = false;  // Of the authority that the services' certificates are of.
  std::string address;           // "203.0.113.7"; "local" without one.
  std::string authorization;     // "Bearer …" as it came; may be empty.
  std::string request_id;
  // It says that it calls for somebody else (forwarded.h), and for whom. That counts if the connection is a
  // service's; of any other caller it takes what the anonymous role would give.
  bool is_forwarded = false;
  std::string forwarded_for = {};
  std::string forwarded_authorization = {};
};

struct GateOptions {
  // The services' own key; the first is shown to others, all are taken. None: services know each other by
  // certificate, or locally.
  std::vector<std::string> service_keys;
  // What callers without a key may that are not local: ROLE_UNSPECIFIED, nothing.
  v1::Role anonymous_role = v1::ROLE_UNSPECIFIED;
  // Asks the registry whose a key is (`KeyService.VerifyKey`).
  std::function<absl::StatusOr<v1::Principal>(const std::string& secret, const std::string& address)> verify;
  // Writes entries down (`AuditService.AppendAuditEntries`). May be empty: nothing is audited.
  std::function<absl::Status(const std::vector<v1::AuditEntry>&)> audit;
};

// A call that was let in.
struct Admission {
  std::shared_ptr<const v1::Principal> principal;
  const Method* method = nullptr;
  Caller caller;       // The end caller, where the call was forwarded.
  std::string target;  // What it acts on, if it is audited.
};

// Who has shown who it is by being on this machine; in a process without a gate, everybody.
std::shared_ptr<const v1::Principal> LocalPrincipal();

// Thread safe. Verified keys are remembered for half a second, so that a revoked one is refused within a
// second; while the registry cannot be asked, those that were good last are, for a minute.
class Gate {
 public:
  Gate(GateOptions options, const Clock& clock);

  // Who calls, and whether it may call a method with requests of this type; nothing is known of the request
  // yet.
  //
  // * UNAUTHENTICATED KEY_MISSING, KEY_INVALID; PERMISSION_DENIED SCOPE_MISSING, CALLER_ADDRESS_REFUSED;
  // * RESOURCE_EXHAUSTED RATE_LIMITED, with the time to wait;
  // * UNAVAILABLE: it cannot be verified now.
  absl::StatusOr<Admission> Admit(Caller caller, const google::protobuf::Descriptor& request_type);
  // Whether it may with this request (PERMISSION_DENIED NOT_YOUR_PLATFORM), and for audited methods: that it
  // is about to be done (UNAVAILABLE AUDIT_UNAVAILABLE: it must not be).
  absl::Status Begin(Admission& admission, const google::protobuf::Message& request);
  // How it ended.
  void End(const Admission& admission, const absl::Status& status);

  // Whether a long call may go on. UNAUTHENTICATED KEY_INVALID once its key is good for nothing any more; OK
  // while another call is being looked at.
  absl::Status Recheck(const Admission& admission);

 private:
  using Shared = std::shared_ptr<const v1::Principal>;
  struct Known {
    absl::StatusOr<Shared> principal;
    absl::Time asked;     // When the registry was asked last, with or without an answer.
    absl::Time answered;  // When it answered last.
    RateLimit calls;
  };

  // Who calls in truth: for whom a service of the cluster calls, or the caller itself.
  Caller EndCaller(Caller caller) const;
  absl::StatusOr<Shared> Authenticate(const Caller& caller);
  // `hash` is that of the secret.
  absl::StatusOr<Shared> Verify(const std::string& secret, const std::string& hash,
                                const std::string& address);
  bool IsServiceKey(absl::string_view hash) const;
  absl::Status TakeTurn(const std::string& hash, const v1::Principal& principal);
  v1::AuditEntry EntryOf(const Admission& admission, v1::AuditPhase phase) const;

  const GateOptions options_;
  const Clock& clock_;
  const std::vector<std::string> service_hashes_;
  const Shared local_ = LocalPrincipal();
  const Shared services_;
  const Shared anonymous_;
  const Shared nobody_;
  Mutex mutex_;
  // By the hash of the secret: a secret does not stay in memory.
  absl::flat_hash_map<std::string, Known> known_ ABSL_GUARDED_BY(mutex_);
  absl::Time unanswered_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::atomic<bool> rechecking_{false};
};

// PERMISSION_DENIED NOT_YOUR_PLATFORM for the key of another platform.
absl::Status CheckPlatform(const v1::Principal& principal, absl::string_view platform);

// The request as JSON, without what is secret in it.
std::string RequestForAudit(const google::protobuf::Message& request);

}  // namespace cognate::access
