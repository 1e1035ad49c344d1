#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/sync/mutex.h"
#include "tests/cluster/cluster.h"
#include "tests/support/fault_proxy.h"

namespace cognate::faults {

// Every way between the parties of a cluster (its processes, "postgres", "redis", and the databases of
// platforms) leads through a link that can be bad, in each direction by itself.
class Network {
 public:
  // For the cluster that is made next.
  cluster::Cluster::Route route();
  // The address at which `from` reaches a database.
  std::string Database(const std::string& from, const std::string& to, const std::string& uri);

  // One random fault of one link, of all links of a party, or of all links to it; in words.
  std::string Break(std::mt19937_64& random);
  // Ends all faults. What hung goes on, or finds its connection reset: both happen to real ones.
  void Heal(std::mt19937_64& random);

 private:
  struct Link {
    std::string from, to;
    int port = 0;
  };
  int PortOf(const std::string& from, const std::string& to, const std::string& server);
  std::vector<Link> Choose(std::mt19937_64& random);

  test_support::FaultProxy proxy_;
  Mutex mutex_;
  std::vector<Link> links_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::faults
