#include "common/redis/wire.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/redis/tls.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr int kMoves = 3;  // that one call follows

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
    {"TRYAGAIN", absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE"},
    {"ASK", absl::StatusCode::kUnavailable, "REDIS_SLOT_MOVES"},
    {"MOVED", absl::StatusCode::kUnavailable, "REDIS_SLOT_MOVES"},
    {"CROSSSLOT", absl::StatusCode::kFailedPrecondition, "REDIS_SLOTS_DIFFER"},
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
    : address_(std::move(address)), connect_timeout_(connect_timeout), command_timeout_(command_timeout) {
  home_.host.clear();
}

Wire::~Wire() = default;

absl::Status Wire::Lost(absl::string_view why) {
  context_.reset();
  return Error(absl::StatusCode::kUnavailable, "REDIS_UNAVAILABLE",
               absl::StrCat("Redis cannot be reached: ", why))
      .RetryAfter(absl::Seconds(1));
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
  std::vector<Reply> replies;
  for (int moves = 0;; ++moves) {
    RETURN_IF_ERROR(Send(pipeline.bytes()));
    ASSIGN_OR_RETURN(replies, Receive(pipeline.size()));
    if (address_.nodes.empty() || moves == kMoves) break;
    ASSIGN_OR_RETURN(const bool elsewhere, FollowSlot(replies));
    if (!elsewhere) break;
  }
  for (const Reply& reply : replies)
    if (reply.view().IsError()) return Refuse(StatusFromError(reply.view().text()));
  return replies;
}

// Whoever became a replica, has lost its own, or gives its slots away may be found elsewhere.
absl::Status Wire::Refuse(absl::Status status) {
  for (const char* sign : {"READONLY", "NOREPLICAS", "MASTERDOWN", "MOVED", "CLUSTERDOWN"})
    if (absl::StrContains(status.message(), sign)) context_.reset();
  if (ErrorReason(status) == "REDIS_SLOT_MOVES" && address_.nodes.empty())
    return Error(
        absl::StatusCode::kFailedPrecondition, "REDIS_IS_CLUSTER",
        absl::StrCat("Redis: ", Format(connected_),
                     " is a node of a cluster; give --redis-address redis-cluster://host:port,host:port"));
  return status;
}

absl::Status Wire::Ask(absl::Span<const absl::string_view> arguments) {
  RETURN_IF_ERROR(EnsureConnected());
  Pipeline pipeline;
  pipeline.Add(arguments);
  return Send(pipeline.bytes());
}

absl::StatusOr<Reply> Wire::TakeReply() {
  if (context_ == nullptr) return Lost("the connection is gone");
  ASSIGN_OR_RETURN(Reply reply, ReceiveOne());
  if (reply.view().IsError()) return Refuse(StatusFromError(reply.view().text()));
  return reply;
}

int Wire::fd() const { return context_ == nullptr ? -1 : context_->fd; }

absl::StatusOr<bool> Wire::FollowSlot(const std::vector<Reply>& replies) {
  size_t moved = 0;
  absl::string_view last;
  for (const Reply& reply : replies) {
    if (!reply.view().IsError() || !absl::StartsWith(reply.view().text(), "MOVED ")) continue;
    last = reply.view().text();
    ++moved;
  }
  if (moved == 0) return false;
  // "MOVED slot host:port"; no host means the one that said so.
  const std::vector<absl::string_view> words = absl::StrSplit(last, ' ');
  const size_t colon = words.size() < 3 ? last.npos : words[2].rfind(':');
  Endpoint home;
  if (colon == last.npos || !absl::SimpleAtoi(words[2].substr(colon + 1), &home.port)) return false;
  home.host = colon == 0 ? connected_.host : std::string(words[2].substr(0, colon));
  home_ = home;
  context_.reset();
  if (moved < replies.size()) return StatusFromError(last);
  RETURN_IF_ERROR(ConnectTo(home_));
  return true;
}

absl::StatusOr<std::vector<Reply>> Wire::Receive(int count) {
  std::vector<Reply> replies;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Reply reply, ReceiveOne());
    replies.push_back(std::move(reply));
  }
  return replies;
}

absl::StatusOr<Reply> Wire::ReceiveOne() {
  void* reply = nullptr;
  while (reply == nullptr) {
    if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK)
      return Lost(std::string(context_->errstr));
    if (reply != nullptr) break;
    char buffer[16 << 10];
    size_t got = 0;
    RETURN_IF_ERROR(ReadSome(buffer, sizeof(buffer), &got));
    if (tls_ == nullptr) {
      redisReaderFeed(context_->reader, buffer, got);
      continue;
    }
    tls_->Feed({buffer, got});
    const absl::StatusOr<std::string> plain = tls_->Decrypt();
    if (!plain.ok()) {
      context_.reset();
      return plain.status();
    }
    redisReaderFeed(context_->reader, plain->data(), plain->size());
    RETURN_IF_ERROR(SendPlain(tls_->TakeOutgoing()));  // of the session itself
  }
  return Reply(static_cast<redisReply*>(reply));
}

absl::Status Wire::Send(absl::string_view bytes) {
  if (tls_ == nullptr) return SendPlain(bytes);
  const absl::Status encrypted = tls_->Encrypt(bytes);
  if (!encrypted.ok()) context_.reset();
  RETURN_IF_ERROR(encrypted);
  return SendPlain(tls_->TakeOutgoing());
}

// Not by hiredis, whose write() would end a process with SIGPIPE where the other side has gone.
absl::Status Wire::SendPlain(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Lost(std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

// Waits as long as a command may take.
absl::Status Wire::ReadSome(char* buffer, size_t size, size_t* got) {
  while (true) {
    const ssize_t received = recv(context_->fd, buffer, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return Lost(errno == EAGAIN ? "no answer in time" : std::strerror(errno));
    if (received == 0) return Lost("it has closed the connection");
    *got = static_cast<size_t>(received);
    return absl::OkStatus();
  }
}

}  // namespace cognate::redis
