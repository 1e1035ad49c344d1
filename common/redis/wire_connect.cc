// How a Wire finds the Redis that it speaks with: one address, what sentinels name, or a node of a cluster.
#include <algorithm>
#include <utility>

#include <hiredis/hiredis.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/sentinel.h"
#include "common/redis/tls.h"
#include "common/redis/wire.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr absl::Duration kSentinelTimeout = absl::Seconds(1);  // of one, while others wait to be asked
// A primary that was made a replica may keep its connections, and answers them with what it had.
constexpr absl::Duration kRoleInterval = absl::Seconds(5);

}  // namespace

absl::Status Wire::EnsureConnected() {
  if (address_.sentinels.empty()) {
    if (context_ != nullptr) return absl::OkStatus();
    return address_.nodes.empty() ? ConnectTo({address_.host, address_.port}) : ConnectToAnyNode();
  }
  if (context_ != nullptr) {
    if (absl::Now() < role_checked_ + kRoleInterval || CheckRole().ok()) return absl::OkStatus();
    context_.reset();  // nothing was sent yet: what is asked for goes to the other one
  }
  return ConnectToPrimary();
}

// First to the one that had the slot.
absl::Status Wire::ConnectToAnyNode() {
  const absl::Time deadline = absl::Now() + connect_timeout_ + command_timeout_;
  absl::Status last;
  if (!home_.host.empty()) {
    last = ConnectTo(home_);
    if (last.ok()) return last;
    home_.host.clear();
  }
  const size_t count = address_.nodes.size();
  for (size_t i = 0; i < count && (i == 0 || absl::Now() < deadline); ++i) {
    const size_t index = (node_ + i) % count;
    last = ConnectTo(address_.nodes[index]);
    if (!last.ok()) continue;
    node_ = index;
    return last;
  }
  node_ = (node_ + 1) % count;
  return last;
}

absl::Status Wire::ConnectTo(const Endpoint& endpoint) {
  const std::string& host = endpoint.host;
  const int port = endpoint.port;
  tls_.reset();
  connected_ = endpoint;
  const timeval timeout = absl::ToTimeval(connect_timeout_);
  context_.reset(address_.unix_path.empty()
                     ? redisConnectWithTimeout(host.c_str(), port, timeout)
                     : redisConnectUnixWithTimeout(address_.unix_path.c_str(), timeout));
  if (context_ == nullptr) return Lost("no memory");
  if (context_->err != 0) return Lost(std::string(context_->errstr));
  if (redisSetTimeout(context_.get(), absl::ToTimeval(command_timeout_)) != REDIS_OK)
    return Lost(context_->errstr);
  if (address_.unix_path.empty()) redisEnableKeepAlive(context_.get());
  absl::Status status = address_.tls ? BeginTls(host) : absl::OkStatus();
  if (status.ok()) status = Login();
  if (status.ok()) {
    ++connections_;
  } else {
    context_.reset();
  }
  return status;
}

absl::Status Wire::BeginTls(const std::string& host) {
  ASSIGN_OR_RETURN(tls_, Tls::Begin(host, address_.tls_files));
  while (true) {
    const absl::Status status = tls_->Advance();
    // Also of a failure: the server hears why.
    RETURN_IF_ERROR(SendPlain(tls_->TakeOutgoing()));
    RETURN_IF_ERROR(status);
    if (tls_->established()) return absl::OkStatus();
    char buffer[16 << 10];
    size_t got = 0;
    RETURN_IF_ERROR(ReadSome(buffer, sizeof(buffer), &got));
    tls_->Feed({buffer, got});
  }
}

// A sentinel may be behind: where what it names is not the primary the next one is asked, as long as whoever
// waits has patience.
absl::Status Wire::ConnectToPrimary() {
  const absl::Time deadline = absl::Now() + connect_timeout_ + command_timeout_;
  std::vector<Endpoint> tried;
  absl::Status refused;  // by what was named
  absl::Status unknown;  // of sentinels that answered, and named nothing
  absl::Status no_answer;
  const size_t count = address_.sentinels.size();
  for (size_t i = 0; i < count && (i == 0 || absl::Now() < deadline); ++i) {
    const size_t index = (sentinel_ + i) % count;
    const absl::StatusOr<Endpoint> primary =
        AskSentinel(address_.sentinels[index], address_, std::min(connect_timeout_, kSentinelTimeout));
    if (!primary.ok()) {
      (absl::IsUnavailable(primary.status()) ? no_answer : unknown) = primary.status();
      continue;
    }
    if (std::find(tried.begin(), tried.end(), *primary) != tried.end()) continue;
    tried.push_back(*primary);
    refused = TryPrimary(*primary);
    if (!refused.ok()) continue;
    sentinel_ = index;
    return absl::OkStatus();
  }
  if (!refused.ok()) return refused;
  return unknown.ok() ? SentinelsUnavailable(address_, no_answer) : unknown;
}

absl::Status Wire::TryPrimary(const Endpoint& primary) {
  absl::Status status = ConnectTo(primary);
  if (status.ok()) status = CheckRole();
  if (status.ok()) return status;
  context_.reset();
  Error error(status.code(), ErrorReason(status),
              absl::StrCat(status.message(), " (", Format(primary), ", which the sentinels name as \"",
                           address_.primary_name, "\")"));
  if (absl::IsUnavailable(status)) error.RetryAfter(absl::Seconds(1));
  return error;
}

absl::Status Wire::CheckRole() {
  Pipeline pipeline;
  pipeline.Add({"ROLE"});
  ASSIGN_OR_RETURN(const std::vector<Reply> replies, Exchange(pipeline));
  const ReplyView role = replies.front().view();
  if (role.size() == 0 || role[0].text() != "master") {
    return Error(absl::StatusCode::kUnavailable, "REDIS_NOT_PRIMARY",
                 "this Redis is no primary; a failover is under way, or the sentinels are behind");
  }
  role_checked_ = absl::Now();
  return absl::OkStatus();
}

absl::Status Wire::Login() {
  Pipeline pipeline;
  if (!address_.password.empty()) {
    if (address_.user.empty()) {
      pipeline.Add({"AUTH", address_.password});
    } else {
      pipeline.Add({"AUTH", address_.user, address_.password});
    }
  }
  if (address_.database != 0) pipeline.Add({"SELECT", absl::StrCat(address_.database)});
  return pipeline.size() == 0 ? absl::OkStatus() : Exchange(pipeline).status();
}

}  // namespace cognate::redis
