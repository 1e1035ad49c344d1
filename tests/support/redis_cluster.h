// A Redis Cluster of three primaries with a replica each, on free ports of this machine; as RedisServer for
// the rest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/process/process.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {

class RedisCluster {
 public:
  // Returns when every slot is served and every replica follows.
  static absl::StatusOr<std::unique_ptr<RedisCluster>> Start();

  std::string address() const;  // "redis-cluster://…", all nodes
  // The primary that has the key's slot, as the others have it.
  int HomeOf(const std::string& key);
  // The replica of a primary follows it.
  bool Follows(int primary);
  void Kill(int node) { nodes_[static_cast<size_t>(node)].process.Kill(); }
  absl::Status StartAgain(int node);
  // Gives the key's slot, and all that is in it, to another primary; as an operator would, while it is used.
  absl::Status MoveSlot(const std::string& key, int to);
  // A primary that has not the key's slot.
  int OtherThan(int primary);
  // What redis-cli says of one command to a node; "" where it does not answer.
  std::string Ask(int node, std::vector<std::string> words);
  std::string AddressOf(int node) const;

 private:
  struct Node {
    int port = 0;
    process::Process process;
  };

  RedisCluster() : directory_("cgc") {}
  absl::Status Launch();
  absl::Status LaunchNode(size_t node);
  std::string Run(std::vector<std::string> words);
  std::string IdOf(int node);
  bool IsComplete();

  TempDir directory_;
  std::vector<Node> nodes_{6};
  int asked_ = 0;
};

}  // namespace cognate::test_support
