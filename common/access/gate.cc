#include "common/access/gate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/access/network.h"
#include "common/access/scopes.h"
#include "common/access/secret_text.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::access {
namespace {

constexpr absl::Duration kFresh = absl::Milliseconds(500);
constexpr absl::Duration kStale = absl::Minutes(1);
constexpr absl::Duration kUnansweredFor = absl::Seconds(2);
constexpr size_t kMaxKnown = 20'000;

std::shared_ptr<const v1::Principal> MakePrincipal(const char* name, v1::Role role) {
  auto principal = std::make_shared<v1::Principal>();
  principal->set_name(name);
  principal->set_role(role);
  return principal;
}

// The secret of "Bearer …"; empty where there is none.
std::string BearerOf(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return "";
  return std::string(absl::StripAsciiWhitespace(authorization.substr(kScheme.size())));
}

absl::Status KeyMissing() {
  return Error(absl::StatusCode::kUnauthenticated, "KEY_MISSING",
               "this needs a key: send it as `authorization: Bearer cgk_…` (docs/access.md)");
}

absl::Status KeyInvalid() {
  return Error(absl::StatusCode::kUnauthenticated, "KEY_INVALID",
               "the key is unknown, revoked or has expired: ask an operator for another one");
}

absl::Status ScopeMissing(const v1::Principal& principal, const Method& method) {
  return Error(absl::StatusCode::kPermissionDenied, "SCOPE_MISSING",
               absl::StrCat(principal.name(), " may not call ", method.name, ": that needs ",
                            method.scope == kServices ? "a service of the cluster"
                                                      : absl::StrCat("the scope ", method.scope)))
      .With("scope", method.scope)
      .With("method", method.name);
}

absl::Status CheckAddress(const v1::Principal& principal, absl::string_view address) {
  if (principal.allowed_addresses().empty()) return absl::OkStatus();
  for (const std::string& text : principal.allowed_addresses()) {
    const absl::StatusOr<Network> network = ParseNetwork(text);
    if (network.ok() && Contains(*network, address)) return absl::OkStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, "CALLER_ADDRESS_REFUSED",
               absl::StrCat(principal.name(), " may not be used from ", address))
      .With("address", address);
}

absl::Status NotYourPlatform(const v1::Principal& principal, absl::string_view fields) {
  return Error(absl::StatusCode::kPermissionDenied, "NOT_YOUR_PLATFORM",
               absl::StrCat(principal.name(), " is a key of the platform ", principal.platform(), ": ",
                            absl::StrReplaceAll(fields, {{",", " or "}}), " must name that one and no other"))
      .With("platform", principal.platform());
}

bool MayCall(const v1::Principal& principal, const Method& method) {
  if (method.scope == kAnyone) return true;
  if (method.scope == kAnyPrincipal) return true;
  if (principal.role() == v1::ROLE_PLATFORM) return !method.own.empty();
  return HasScope(principal, method.scope);
}

std::string FirstText(const google::protobuf::Message& request, absl::string_view paths) {
  for (const absl::string_view path : absl::StrSplit(paths, ',')) {
    for (std::string& text : FieldTexts(request, path)) {
      if (!text.empty()) return std::move(text);
    }
  }
  return "";
}

std::vector<std::string> HashesOf(const std::vector<std::string>& secrets) {
  std::vector<std::string> hashes;
  hashes.reserve(secrets.size());
  for (const std::string& secret : secrets) hashes.push_back(HashSecret(secret));
  return hashes;
}

}  // namespace

std::shared_ptr<const v1::Principal> LocalPrincipal() {
  static const auto* const kLocal =
      new std::shared_ptr<const v1::Principal>(MakePrincipal("local", v1::ROLE_SERVICE));
  return *kLocal;
}

Gate::Gate(GateOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      service_hashes_(HashesOf(options_.service_keys)),
      services_(MakePrincipal("services", v1::ROLE_SERVICE)),
      anonymous_(MakePrincipal("anonymous", options_.anonymous_role)),
      nobody_(MakePrincipal("anonymous", v1::ROLE_UNSPECIFIED)) {}

// Its own rights stay behind: it is neither here nor shows a certificate. What is forwarded over a connection
// of somebody else is not looked at.
Caller Gate::EndCaller(Caller caller) const {
  if (!caller.is_forwarded) return caller;
  const std::string secret = BearerOf(caller.authorization);
  const bool is_service =
      secret.empty() ? caller.is_local || caller.has_certificate : IsServiceKey(HashSecret(secret));
  if (!is_service) return caller;
  caller.is_local = false;
  caller.has_certificate = false;
  caller.address = caller.forwarded_for.empty() ? "unknown" : std::move(caller.forwarded_for);
  caller.authorization = std::move(caller.forwarded_authorization);
  return caller;
}

absl::StatusOr<Admission> Gate::Admit(Caller caller, const google::protobuf::Descriptor& request_type) {
  Admission admission;
  admission.method = FindMethod(request_type);
  if (admission.method == nullptr)
    return absl::InternalError(absl::StrCat(request_type.full_name(), " is not in the table of methods"));
  caller = EndCaller(std::move(caller));
  absl::StatusOr<Shared> principal = Authenticate(caller);
  if (!principal.ok()) {
    if (admission.method->scope != kAnyone) return principal.status();
    principal = nobody_;
  }
  const bool is_nobody =
      *principal == nobody_ || (*principal == anonymous_ && options_.anonymous_role == v1::ROLE_UNSPECIFIED);
  if (is_nobody && admission.method->scope != kAnyone) return KeyMissing();
  if (!MayCall(**principal, *admission.method)) return ScopeMissing(**principal, *admission.method);
  admission.principal = *std::move(principal);
  admission.caller = std::move(caller);
  return admission;
}

absl::StatusOr<Gate::Shared> Gate::Authenticate(const Caller& caller) {
  const std::string secret = BearerOf(caller.authorization);
  if (secret.empty()) {
    // A page in a browser of this machine reaches what listens on loopback, too: over HTTP nobody is somebody
    // without a key.
    if (caller.is_forwarded && !caller.is_local && !caller.has_certificate) return nobody_;
    return caller.is_local ? local_ : caller.has_certificate ? services_ : anonymous_;
  }
  const std::string hash = HashSecret(secret);
  if (IsServiceKey(hash)) return services_;
  ASSIGN_OR_RETURN(Shared principal, Verify(secret, hash, caller.address));
  RETURN_IF_ERROR(CheckAddress(*principal, caller.address));
  RETURN_IF_ERROR(TakeTurn(hash, *principal));
  return principal;
}

bool Gate::IsServiceKey(absl::string_view hash) const {
  bool found = false;
  for (const std::string& key : service_hashes_) found |= IsSameHash(key, hash);
  return found;
}

absl::StatusOr<Gate::Shared> Gate::Verify(const std::string& secret, const std::string& hash,
                                          const std::string& address) {
  if (!LooksLikeKey(secret)) return KeyInvalid();
  const absl::Time now = clock_.Now();
  absl::StatusOr<Shared> before = KeyInvalid();
  bool is_known = false;
  absl::Time answered = absl::InfinitePast();
  {
    MutexLock lock(&mutex_);
    const auto found = known_.find(hash);
    if (found != known_.end()) {
      Known& known = found->second;
      if (now - known.asked < kFresh) return known.principal;
      // A registry that hangs is not asked by each of the calls that wait: they would all stand still.
      if (now < unanswered_until_ && now - known.answered <= kStale) return known.principal;
      known.asked = now;  // Others go on with what is known while this one asks.
      before = known.principal;
      answered = known.answered;
      is_known = true;
    }
  }
  absl::StatusOr<v1::Principal> verified =
      options_.verify ? options_.verify(secret, address) : absl::UnavailableError("no registry");
  const bool is_answer = verified.ok() || absl::IsUnauthenticated(verified.status());
  if (!is_answer) {
    MutexLock lock(&mutex_);
    unanswered_until_ = clock_.Now() + kUnansweredFor;
  }
  if (!is_answer && (!is_known || now - answered > kStale)) return verified.status();
  absl::StatusOr<Shared> principal = before;
  if (is_answer && !verified.ok()) principal = verified.status();
  if (verified.ok()) principal = std::make_shared<const v1::Principal>(*std::move(verified));
  MutexLock lock(&mutex_);
  if (known_.size() >= kMaxKnown) known_.clear();
  Known& known = known_.try_emplace(hash, Known{principal, now, now, {}}).first->second;
  known.principal = principal;
  if (is_answer) known.answered = now;
  return principal;
}

absl::Status Gate::TakeTurn(const std::string& hash, const v1::Principal& principal) {
  if (principal.max_rate() <= 0) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end()) return absl::OkStatus();
  RateLimit& calls = found->second.calls;
  calls.SetRate(principal.max_rate());
  if (calls.Take(1, now) == 1) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "RATE_LIMITED",
               absl::StrCat(principal.name(), " may make ", principal.max_rate(), " calls a second"))
      .RetryAfter(std::max(calls.NextTime() - now, absl::Milliseconds(1)));
}

absl::Status Gate::Begin(Admission& admission, const google::protobuf::Message& request) {
  const Method& method = *admission.method;
  const v1::Principal& principal = *admission.principal;
  if (principal.role() == v1::ROLE_PLATFORM && !IsOwn(method, request, principal.platform()))
    return NotYourPlatform(principal, method.own);
  if (!method.audited() || !options_.audit) return absl::OkStatus();
  if (method.audit != "-") admission.target = FirstText(request, method.audit);
  v1::AuditEntry entry = EntryOf(admission, v1::AUDIT_PHASE_BEGIN);
  entry.set_request(RequestForAudit(request));
  const absl::Status written = options_.audit({entry});
  if (written.ok()) return absl::OkStatus();
  // What cannot be written down as it is, never can.
  if (absl::IsInvalidArgument(written))
    return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", written.message());
  return Error(absl::StatusCode::kUnavailable, "AUDIT_UNAVAILABLE",
               absl::StrCat("nothing was done, because it could not be written into the audit: ",
                            written.message()))
      .RetryAfter(absl::Seconds(1));
}

void Gate::End(const Admission& admission, const absl::Status& status) {
  if (!admission.method->audited() || !options_.audit) return;
  v1::AuditEntry entry = EntryOf(admission, v1::AUDIT_PHASE_END);
  entry.set_code(absl::StatusCodeToString(status.code()));
  const absl::Status written = options_.audit({entry});
  if (!written.ok())
    log::Error("audit_end",
               {{"method", entry.method()}, {"request_id", entry.request_id()}, {"status", written}});
}

v1::AuditEntry Gate::EntryOf(const Admission& admission, v1::AuditPhase phase) const {
  v1::AuditEntry entry;
  entry.set_phase(phase);
  entry.set_principal(admission.principal->name());
  entry.set_principal_display_name(admission.principal->display_name());
  entry.set_address(admission.caller.address);
  entry.set_method(absl::StrCat("cognate.v1.", admission.method->name));
  entry.set_target(admission.target);
  entry.set_request_id(admission.caller.request_id);
  return entry;
}

absl::Status CheckPlatform(const v1::Principal& principal, absl::string_view platform) {
  if (principal.role() != v1::ROLE_PLATFORM || principal.platform() == platform) return absl::OkStatus();
  return NotYourPlatform(principal, "platform");
}

absl::Status Gate::Recheck(const Admission& admission) {
  const std::string secret = BearerOf(admission.caller.authorization);
  if (secret.empty()) return absl::OkStatus();
  const std::string hash = HashSecret(secret);
  if (IsServiceKey(hash)) return absl::OkStatus();
  // Calls that wait come here again and again, thousands of them on few threads: one of them at a time asks.
  if (rechecking_.exchange(true)) return absl::OkStatus();
  const absl::StatusOr<Shared> principal = Verify(secret, hash, admission.caller.address);
  rechecking_ = false;
  if (!principal.ok())
    return absl::IsUnauthenticated(principal.status()) ? principal.status() : absl::OkStatus();
  return CheckAddress(**principal, admission.caller.address);
}

}  // namespace cognate::access
