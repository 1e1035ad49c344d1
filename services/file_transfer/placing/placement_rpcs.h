// What agents ask about their files, and what people see.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"
#include "services/file_transfer/placing/teller.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

struct PlacementParts {
  const Clock& clock;
  clients::RegistryClient& registry;
  Stores& stores;
  Platforms& platforms;
  Possession& possession;
  Teller& teller;
};

absl::StatusOr<v1::MissingResponse> Missing(const PlacementParts& parts, const v1::MissingRequest& request);
absl::StatusOr<v1::PlaceResponse> PlaceFiles(const PlacementParts& parts, const v1::PlaceRequest& request);
absl::StatusOr<v1::ListPlacementsResponse> ListPlacements(const PlacementParts& parts,
                                                          const v1::ListPlacementsRequest& request);

}  // namespace cognate::file_transfer
