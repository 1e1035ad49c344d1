// One connection to Redis, on hiredis. Of this library alone.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/redis/address.h"

struct redisContext;
struct redisReply;

namespace cognate::redis {

class Tls;

// A view into a reply tree; lives as long as the Reply that owns it.
class ReplyView {
 public:
  explicit ReplyView(const redisReply* reply) : reply_(reply) {}
  bool IsNil() const;
  bool IsError() const;
  int64_t integer() const;
  absl::string_view text() const;
  size_t size() const;  // of an array; 0 for anything else
  ReplyView operator[](size_t index) const;

 private:
  const redisReply* reply_;
};

class Reply {
 public:
  explicit Reply(redisReply* reply) : reply_(reply) {}
  ReplyView view() const { return ReplyView(reply_.get()); }

 private:
  struct Free {
    void operator()(redisReply* reply) const;
  };
  std::unique_ptr<redisReply, Free> reply_;
};

inline constexpr char kNoGroup[] = "REDIS_NO_GROUP";

// The status of an error reply ("NOGROUP No such key…").
absl::Status StatusFromError(absl::string_view error);

// Commands that are sent together.
class Pipeline {
 public:
  void Add(absl::Span<const absl::string_view> arguments);
  void Add(std::initializer_list<absl::string_view> arguments) {
    Add(absl::MakeConstSpan(arguments.begin(), arguments.size()));
  }
  int size() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int count_ = 0;
};

// Not thread safe. Connects when it must. After an error of the connection the call is UNAVAILABLE, and the
// next connects anew; where there are sentinels, to what is the primary by then. In a cluster a call goes on
// at the node that has its slot.
class Wire {
 public:
  Wire(Address address, absl::Duration connect_timeout, absl::Duration command_timeout);
  ~Wire();

  absl::Status EnsureConnected();
  // All replies, in order; a reply that is an error is an error of the whole, after all were read.
  absl::StatusOr<std::vector<Reply>> Run(const Pipeline& pipeline);
  absl::StatusOr<Reply> Run(absl::Span<const absl::string_view> arguments);
  absl::StatusOr<Reply> Run(std::initializer_list<absl::string_view> arguments) {
    return Run(absl::MakeConstSpan(arguments.begin(), arguments.size()));
  }

  // Run in two steps: the command is sent, its reply read later. Nothing else is run in between.
  absl::Status Ask(absl::Span<const absl::string_view> arguments);
  absl::StatusOr<Reply> TakeReply();
  // That a reply can be read from; -1 while there is no connection.
  int fd() const;

  absl::Duration command_timeout() const { return command_timeout_; }
  // How often it has connected.
  int64_t connections() const { return connections_; }

 private:
  struct Close {
    void operator()(redisContext* context) const;
  };

  absl::Status ConnectTo(const Endpoint& endpoint);
  absl::Status ConnectToAnyNode();
  absl::Status ConnectToPrimary();
  // What a sentinel has named: there, and really the primary.
  absl::Status TryPrimary(const Endpoint& primary);
  absl::Status CheckRole();
  absl::Status Login();
  absl::StatusOr<std::vector<Reply>> Exchange(const Pipeline& pipeline);
  absl::StatusOr<std::vector<Reply>> Receive(int count);
  absl::StatusOr<Reply> ReceiveOne();
  // Whether none of them was done because the slot is at another node, to which it has connected then. An
  // error where some were: they may not be sent twice.
  absl::StatusOr<bool> FollowSlot(const std::vector<Reply>& replies);
  absl::Status BeginTls(const std::string& host);
  absl::Status Send(absl::string_view bytes);
  absl::Status SendPlain(absl::string_view bytes);
  absl::Status ReadSome(char* buffer, size_t size, size_t* got);
  absl::Status Lost(absl::string_view why);
  absl::Status Refuse(absl::Status status);

  const Address address_;
  const absl::Duration connect_timeout_;
  const absl::Duration command_timeout_;
  std::unique_ptr<redisContext, Close> context_;
  std::unique_ptr<Tls> tls_;  // of that connection, where there is TLS
  Endpoint connected_;
  int64_t connections_ = 0;
  size_t node_ = 0;      // of the cluster, that answered last
  Endpoint home_;        // that has the slot, as it was said last; without a host at first
  size_t sentinel_ = 0;  // the one that knew it last
  absl::Time role_checked_ = absl::InfinitePast();
};

}  // namespace cognate::redis
