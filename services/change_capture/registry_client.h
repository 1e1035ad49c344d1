// The calls of this service to the platform registry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/sync.pb.h"

namespace cognate::change_capture {

// Answers the registry's own statuses. Thread safe.
class RegistryClient {
 public:
  explicit RegistryClient(const std::string& address);
  ~RegistryClient();

  // nullopt when `known_revision` is still in force.
  absl::StatusOr<std::optional<v1::Rules>> GetRules(int64_t known_revision);
  // By ids, without `platforms/`.
  absl::StatusOr<v1::Platform> GetPlatform(absl::string_view platform);
  absl::StatusOr<v1::Model> GetModel(absl::string_view platform, absl::string_view model);

 private:
  struct Stub;
  std::unique_ptr<Stub> stub_;
};

}  // namespace cognate::change_capture
