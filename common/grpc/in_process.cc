#include "common/grpc/in_process.h"

#include <atomic>

#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace cognate::grpc_support {
namespace {

constexpr absl::string_view kPrefix = "in-process:";

struct Servers {
  Mutex mutex;
  absl::flat_hash_map<std::string, std::shared_ptr<InProcessServer>> by_address ABSL_GUARDED_BY(mutex);
};

Servers& All() {
  static auto& servers = *new Servers();
  return servers;
}

}  // namespace

bool IsInProcess(absl::string_view address) { return absl::StartsWith(address, kPrefix); }

std::string NewInProcessAddress() {
  static std::atomic<int64_t> last = 0;
  return absl::StrCat(kPrefix, ++last);
}

std::shared_ptr<InProcessServer> InProcessServer::Add(const std::string& address, grpc::Server& server) {
  const std::shared_ptr<InProcessServer> added(new InProcessServer(address, server));
  MutexLock lock(&All().mutex);
  return All().by_address[address] = added;
}

std::shared_ptr<InProcessServer> InProcessServer::Find(absl::string_view address) {
  MutexLock lock(&All().mutex);
  const auto found = All().by_address.find(address);
  return found == All().by_address.end() ? nullptr : found->second;
}

std::shared_ptr<grpc::Channel> InProcessServer::NewChannel() {
  if (!Enter()) return nullptr;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  std::shared_ptr<grpc::Channel> channel = server_.InProcessChannel(arguments);
  Leave();
  return channel;
}

bool InProcessServer::Enter() {
  MutexLock lock(&mutex_);
  if (closed_) return false;
  ++calls_;
  return true;
}

void InProcessServer::Leave() {
  MutexLock lock(&mutex_);
  if (--calls_ == 0) idle_.SignalAll();
}

void InProcessServer::Close(absl::Duration patience) {
  {
    MutexLock lock(&All().mutex);
    const auto found = All().by_address.find(address_);
    if (found != All().by_address.end() && found->second.get() == this) All().by_address.erase(found);
  }
  const absl::Time deadline = absl::Now() + patience;
  MutexLock lock(&mutex_);
  closed_ = true;
  while (calls_ > 0 && absl::Now() < deadline) idle_.WaitFor(&mutex_, deadline - absl::Now());
}

}  // namespace cognate::grpc_support
