#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/process/process.h"

// The PostgreSQL and the Redis that `cognate up` keeps for itself: child processes on Unix sockets, reachable
// for nobody else.
namespace cognate::cli {

// Where the private servers live, and as whom.
struct ServerHome {
  std::string directory;         // Absolute; holds postgres/, redis/ and logs.
  std::string socket_directory;  // Short enough for a socket's path.
  std::string user;              // Whom the servers run as; empty for ourselves.

  // Makes the directories. Started by root, the servers run as `postgres`, and where that user cannot reach
  // `data_dir` (say, below /root) they live below /var/lib/cognate instead.
  static absl::StatusOr<ServerHome> Prepare(absl::string_view data_dir);
  // Throws away what the servers hold. None of them may run.
  absl::Status Reset() const;
};

// Both die with the thread that started them, whatever ends it; start them from main's.
class PrivatePostgres {
 public:
  // Initialises the cluster on first use, starts it, and waits until it answers.
  static absl::StatusOr<PrivatePostgres> Start(const ServerHome& home);
  // A connection URI for one of its databases.
  std::string Uri(absl::string_view database) const;
  // Makes the database unless it is there.
  absl::Status EnsureDatabase(const std::string& name) const;
  bool Running() { return process_.Running(); }
  void Stop();

 private:
  process::Process process_;
  std::string socket_directory_;
};

class PrivateRedis {
 public:
  static absl::StatusOr<PrivateRedis> Start(const ServerHome& home);
  std::string Address() const { return address_; }
  bool Running() { return process_.Running(); }
  void Stop();

 private:
  process::Process process_;
  std::string address_;
};

}  // namespace cognate::cli
