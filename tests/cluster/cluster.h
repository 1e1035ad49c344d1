#pragma once

#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>

#include "absl/status/status.h"
#include "common/process/process.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace cognate::cluster {

// How the services run.
enum class Shape {
  kOneProcess,  // `cognate up`
  kOneEach,     // every service a process of its own, as in Kubernetes
  kTwoEach,     // two replicas of every service, over TCP; they know each other by a key
  kTrusted,     // every service a process of its own, over TCP with TLS and the services' key
  kCertified,   // the same without a key: who has a certificate of their authority is a service
};

// Of somebody else, to be used instead of own ones; they outlive the cluster.
struct Servers {
  std::string postgres_uri = {};  // of a database
  std::string redis_address = {};
  std::string programs = {};  // the directory that they are in; empty: COGNATE_BIN_DIR
};

// A whole Cognate on a PostgreSQL and a Redis of its own, as child processes that can be killed one by one.
// One that ends of itself with an error (a crash, the report of a sanitizer) fails the test. The programs are
// those that were built, found through COGNATE_BIN_DIR.
class Cluster {
 public:
  // Gives the address at which a process (by its name) reaches another party ("postgres", "redis", or a
  // service), which is at `address`: for a bad network between them.
  using Route =
      std::function<std::string(const std::string& from, const std::string& to, const std::string& address)>;

  explicit Cluster(Shape shape, bool durable = false, Route route = {}, Servers servers = {});
  ~Cluster();

  // The processes that can be killed: "platform-registry", …, or "cognate"; second replicas are "delivery-2",
  // ….
  std::vector<std::string> names() const;
  // SIGKILL, and gone when this returns.
  void Kill(const std::string& name);
  void Start(const std::string& name);
  // Where the programs of processes that are started from here on are.
  void UsePrograms(std::string directory) { programs_ = std::move(directory); }
  // Their `migrate`, of each schema; not with one process, which does that itself.
  void Migrate();
  // SIGTERM; the exit code.
  int Terminate(const std::string& name);

  // SIGSTOP and SIGCONT: the process is there and does nothing.
  void Pause(const std::string& name) { processes_[name].Signal(SIGSTOP); }
  void Resume(const std::string& name) { processes_[name].Signal(SIGCONT); }

  // `cognate words`, which is told where the one process of all services is (kOneProcess), or where each is.
  struct Ran {
    int code = -1;
    std::string output;  // and errors
  };
  Ran Run(std::vector<std::string> words) { return RunAs(TrustOptions(), std::move(words)); }
  std::vector<std::string> TrustOptions() const;  // What it is told to trust and to show.
  // The same by somebody who is told something else.
  Ran RunAs(const std::vector<std::string>& trust, std::vector<std::string> words);

  // Where the processes find certificates and their key, with TCP: `ca.pem`, `node.pem`, `node.key`,
  // `service.key`. This process trusts and shows the same.
  std::string TrustFile(const std::string& file) const { return directory_.File(file); }

  // As a renewal does, under everybody's hands (kTrusted, kCertified).
  void RenewCertificate();
  // What processes that are started from here on show (the first) and take.
  void SetServiceKeys(const std::vector<std::string>& keys);
  static std::string ServiceKey();  // The one that they begin with.

  // Of one process, by the names above.
  std::string Address(const std::string& name) const;
  // Where the service that has this name's RPCs answers: "platform-registry", …
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& service);
  // Waits until every process answers its health check with SERVING.
  bool WaitUntilServing(absl::Duration timeout = test_support::kPatience);
  // Resident memory of all service processes together.
  int64_t ResidentBytes() const;
  pid_t PidOf(const std::string& name) const { return processes_.at(name).pid(); }

  test_support::PostgresServer& postgres() { return *postgres_; }
  test_support::RedisServer& redis() { return *redis_; }
  std::string LogOf(const std::string& name) const;
  const std::string& directory() const { return directory_.path(); }
  // Below it platforms may have their files; whoever needs it makes it.
  std::string FileRoot() const { return directory_.File("sites"); }
  std::string FileStore() const { return directory_.File("files"); }
  // Of all that the process has said.
  std::string LogPath(const std::string& name) const;
  // Of its own database.
  const std::string& uri() const { return uri_; }
  const std::string& redis_address() const { return redis_address_; }

 private:
  std::vector<std::string> Arguments(const std::string& name) const;
  bool StartServers(bool durable);
  bool UsesTls() const { return shape_ == Shape::kTrusted || shape_ == Shape::kCertified; }
  bool UsesTcp() const { return shape_ == Shape::kTwoEach || UsesTls(); }
  void PrepareTrust();
  std::vector<std::pair<std::string, std::string>> TrustEnvironment() const;
  process::Command CommandOf(const std::string& name) const;
  std::string PeerAddress(const std::string& service) const;  // of all its replicas
  std::vector<std::string> WhereTheyAre() const;              // for `cognate`
  void ExpectNoErrorOf(const std::string& name);

  Shape shape_;
  const Route route_;
  std::string programs_;
  test_support::TempDir directory_;
  std::unique_ptr<test_support::PostgresServer> postgres_;
  std::unique_ptr<test_support::RedisServer> redis_;
  std::string uri_;
  std::string redis_address_;
  std::unique_ptr<test_support::Authority> authority_;  // with TLS
  std::map<std::string, int> ports_;                    // of processes that have replicas
  std::map<std::string, process::Process> processes_;
  int commands_ = 0;
};

}  // namespace cognate::cluster
