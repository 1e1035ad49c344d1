// What delivery asks the ledger for many lanes at once. Thread safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/grpc/cancellation.h"

namespace cognate::delivery {

class DueClient {
 public:
  // Of the platform registry.
  explicit DueClient(const std::string& address);
  ~DueClient();

  // Of these platforms, those to which something is due that was planned before. Made once;
  // `cancellation` ends it. UNIMPLEMENTED by a
  // registry of the version before.
  absl::StatusOr<std::vector<std::string>> ListDuePlatforms(absl::Span<const std::string> platforms,
                                                            absl::Time planned_before,
                                                            grpc_support::Cancellation* cancellation);

 private:
  struct Peer;
  const std::unique_ptr<Peer> peer_;
};

}  // namespace cognate::delivery
