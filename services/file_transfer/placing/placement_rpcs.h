// What agents ask about their files, and what people see.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/placing/teller.h"

namespace cognate::file_transfer {

struct PlacementParts {
  const Clock& clock;
  clients::RegistryClient& registry;
  Stores& stores;
  Platforms& platforms;
  Teller& teller;
};

// The id, also of `platforms/{id}`.
absl::StatusOr<std::string> PlatformId(absl::string_view platform);

absl::StatusOr<v1::MissingResponse> Missing(const PlacementParts& parts, const v1::MissingRequest& request);
// place_files.cc
absl::StatusOr<v1::PlaceResponse> PlaceFiles(const PlacementParts& parts, const v1::PlaceRequest& request);
absl::StatusOr<v1::ListPlacementsResponse> ListPlacements(const PlacementParts& parts,
                                                          const v1::ListPlacementsRequest& request);

}  // namespace cognate::file_transfer
