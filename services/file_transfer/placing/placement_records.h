// Which records lead to the files that a target is to have.
#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "services/clients/registry_client.h"
#include "services/file_transfer/placing/use_store.h"

namespace cognate::file_transfer {

// Into as many placements as rows. Where the registry does not answer the records have no local ids.
absl::Status NameRecords(UseStore& uses, clients::RegistryClient& registry,
                         absl::Span<const PlacementRow> rows, v1::ListPlacementsResponse* response);

}  // namespace cognate::file_transfer
