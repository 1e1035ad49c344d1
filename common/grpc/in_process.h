// The gRPC servers of this process by name, so that services that share a process call each other without
// sockets. Their address is "in-process:<name>".
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"

namespace grpc {
class Channel;
class Server;
}  // namespace grpc

namespace cognate::grpc_support {

bool IsInProcess(absl::string_view address);
// An address that no other server of this process has.
std::string NewInProcessAddress();

// Counts the calls to one server: a channel within the process must not be used once its server shuts down
// (the library, 1.51, would crash), so calls enter here first and the server closes this first. Thread safe.
class InProcessServer {
 public:
  // Can be found from here on. `server` outlives Close.
  static std::shared_ptr<InProcessServer> Add(const std::string& address, grpc::Server& server);
  // null if there is none, or it has closed.
  static std::shared_ptr<InProcessServer> Find(absl::string_view address);

  // null once closed.
  std::shared_ptr<grpc::Channel> NewChannel();
  // Whether a call may be made; then Leave comes after it.
  bool Enter();
  void Leave();
  // Refuses calls from here on; waits at most `patience` for those under way. What is under way still must
  // have begun before the server shuts down, so `patience` must not be zero.
  void Close(absl::Duration patience);

 private:
  InProcessServer(std::string address, grpc::Server& server)
      : address_(std::move(address)), server_(server) {}

  const std::string address_;
  grpc::Server& server_;
  Mutex mutex_;
  CondVar idle_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cognate::grpc_support
