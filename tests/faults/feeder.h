#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "tests/cluster/cluster.h"
#include "tests/faults/generator.h"

namespace cognate::faults {

// An agent as it should be: it sends batches in order, sends a batch again until it is acknowledged, and now
// and then sends one twice for no reason.
class Feeder {
 public:
  Feeder(cluster::Cluster& cluster, std::string platform, uint64_t seed)
      : cluster_(cluster), platform_(std::move(platform)), random_(seed) {}

  // Sends `total` changes at about `per_second`; returns when the last is acknowledged. False if something
  // was refused or did not get through within ten minutes.
  bool Feed(Generator& generator, int total, int per_second);
  int duplicates_sent() const { return duplicates_sent_; }
  std::string error() const { return error_; }

 private:
  bool SendUntilAcknowledged(const v1::CaptureRequest& request);

  cluster::Cluster& cluster_;
  std::string platform_;
  std::mt19937_64 random_;
  int duplicates_sent_ = 0;
  std::string error_;
};

}  // namespace cognate::faults
