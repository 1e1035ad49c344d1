// What change_capture asks the transformer.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cognate/v1/transformer_service.pb.h"

namespace cognate::change_capture {

// Answers the transformer's own statuses. Thread safe.
class TransformerClient {
 public:
  explicit TransformerClient(const std::string& address);
  ~TransformerClient();

  // One page.
  absl::StatusOr<v1::CountLeavingResponse> CountLeaving(const v1::CountLeavingRequest& request);

 private:
  struct Peer;
  const std::unique_ptr<Peer> peer_;
};

}  // namespace cognate::change_capture
