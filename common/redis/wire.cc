#include "common/redis/wire.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/redis/sentinel.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr absl::Duration kSentinelTimeout = absl::Seconds(1);  // of one, while others wait to be asked
// A primary that was made a replica may keep its connections, and answers them with what it had.
constexpr absl::Duration kRoleInterval = absl::Seconds(5);

struct ErrorClass {
  const char* prefix;
  absl::StatusCode code;
  const char* reason;
};

constexpr ErrorClass kErrorClasses[] = {
    {"NOGROUP", absl::StatusCode::kFailedPrecondition, kNoGroup},
    {"UNBLOCKED", absl::StatusCode::kFailedPrecondition,
     kNoGroup},  // the stream vanished while we waited for it
    {"OOM", absl::StatusCode::kResourceExhausted, "REDIS_FULL"},
    {"LOADING", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"BUSY ", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"MASTERDOWN", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"READONLY", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"NOREPLICAS", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"MISCONF", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"CLUSTERDOWN", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"ERR max number of clients", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"NOAUTH", absl::StatusCode::kUnauthenticated, "REDIS_LOGIN_REFUSED"},
    {"WRONGPASS", absl::StatusCode::kUnauthenticated, "REDIS_LOGIN_REFUSED"},
    {"NOPERM", absl::StatusCode::kPermissionDenied, "REDIS_PERMISSION_DENIED"},
    {"WRONGTYPE", absl::StatusCode::kFailedPrecondition, "REDIS_WRONG_TYPE"},
    {"", absl::StatusCode::kInternal, "REDIS_ERROR"},
};

}  // namespace

bool ReplyView::IsNil() const { return reply_->type == REDIS_REPLY_NIL; }

bool ReplyView::IsError() const { return reply_->type == REDIS_REPLY_ERROR; }

int64_t ReplyView::integer() const { return reply_->type == REDIS_REPLY_INTEGER ? reply_->integer : 0; }

absl::string_view ReplyView::text() const {
  return reply_->str == nullptr ? absl::string_view() : absl::string_view(reply_->str, reply_->len);
}

size_t ReplyView::size() const { return reply_->type == REDIS_REPLY_ARRAY ? reply_->elements : 0; }

ReplyView ReplyView::operator[](size_t index) const { return ReplyView(reply_->element[index]); }

void Reply::Free::operator()(redisReply* reply) const { freeReplyObject(reply); }

void Wire::Close::operator()(redisContext* context) const { redisFree(context); }

absl::Status StatusFromError(absl::string_view error) {
  const ErrorClass* found = kErrorClasses;
  while (!absl::StartsWith(error, found->prefix)) ++found;
  Error status(found->code, found->reason, absl::StrCat("Redis: ", error));
  if (found->code == absl::StatusCode::kUnavailable) status.RetryAfter(absl::Seconds(1));
  return status;
}

void Pipeline::Add(absl::Span<const absl::string_view> arguments) {
  absl::StrAppend(&bytes_, "*", arguments.size(), "\r\n");
  for (const absl::string_view argument : arguments) {
    absl::StrAppend(&bytes_, "$", argument.size(), "\r\n", argument, "\r\n");
  }
  ++count_;
}

Wire::Wire(Address address, absl::Duration connect_timeout, absl::Duration command_timeout)
    : address_(std::move(address)), connect_timeout_(connect_timeout), command_timeout_(command_timeout) {}

absl::Status Wire::Lost(absl::string_view why) {
  context_.reset();
  return Error(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE",
               absl::StrCat("Redis cannot be reached: ", why))
      .RetryAfter(absl::Seconds(1));
}

absl::Status Wire::EnsureConnected() {
  if (address_.sentinels.empty()) {
    return context_ != nullptr ? absl::OkStatus() : ConnectTo(address_.host, address_.port);
  }
  if (context_ != nullptr) {
    if (absl::Now() < role_checked_ + kRoleInterval || CheckRole().ok()) return absl::OkStatus();
    context_.reset();  // nothing was sent yet: what is asked for goes to the other one
  }
  return ConnectToPrimary();
}

absl::Status Wire::ConnectTo(const std::string& host, int port) {
  const timeval timeout = absl::ToTimeval(connect_timeout_);
  context_.reset(address_.unix_path.empty()
                     ? redisConnectWithTimeout(host.c_str(), port, timeout)
                     : redisConnectUnixWithTimeout(address_.unix_path.c_str(), timeout));
  if (context_ == nullptr) return Lost("no memory");
  if (context_->err != 0) return Lost(std::string(context_->errstr));
  if (redisSetTimeout(context_.get(), absl::ToTimeval(command_timeout_)) != REDIS_OK)
    return Lost(context_->errstr);
  if (address_.unix_path.empty()) redisEnableKeepAlive(context_.get());
  absl::Status status = Login();
  if (status.ok()) {
    ++connections_;
  } else {
    context_.reset();
  }
  return status;
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
  absl::Status status = ConnectTo(primary.host, primary.port);
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

absl::StatusOr<Reply> Wire::Run(absl::Span<const absl::string_view> arguments) {
  Pipeline pipeline;
  pipeline.Add(arguments);
  ASSIGN_OR_RETURN(std::vector<Reply> replies, Run(pipeline));
  return std::move(replies.front());
}

absl::StatusOr<std::vector<Reply>> Wire::Run(const Pipeline& pipeline) {
  RETURN_IF_ERROR(EnsureConnected());
  return Exchange(pipeline);
}

absl::StatusOr<std::vector<Reply>> Wire::Exchange(const Pipeline& pipeline) {
  RETURN_IF_ERROR(Send(pipeline.bytes()));
  return Receive(pipeline.size());
}

absl::Status Wire::Ask(absl::Span<const absl::string_view> arguments) {
  RETURN_IF_ERROR(EnsureConnected());
  Pipeline pipeline;
  pipeline.Add(arguments);
  return Send(pipeline.bytes());
}

absl::StatusOr<Reply> Wire::TakeReply() {
  if (context_ == nullptr) return Lost("the connection is gone");
  ASSIGN_OR_RETURN(std::vector<Reply> replies, Receive(1));
  return std::move(replies.front());
}

int Wire::fd() const { return context_ == nullptr ? -1 : context_->fd; }

absl::StatusOr<std::vector<Reply>> Wire::Receive(int count) {
  std::vector<Reply> replies;
  absl::Status first_error;
  for (int i = 0; i < count; ++i) {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) return Lost(std::string(context_->errstr));
    replies.emplace_back(static_cast<redisReply*>(reply));
    const ReplyView view = replies.back().view();
    if (view.IsError() && first_error.ok()) first_error = StatusFromError(view.text());
  }
  if (first_error.ok()) return replies;
  // Whoever became a replica, or has lost its own, may be found elsewhere under the same name.
  for (const char* sign : {"READONLY", "NOREPLICAS", "MASTERDOWN"})
    if (absl::StrContains(first_error.message(), sign)) context_.reset();
  return first_error;
}

// Not by hiredis, whose write() would end a process with SIGPIPE where the other side has gone.
absl::Status Wire::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Lost(std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

}  // namespace cognate::redis
