// What a login must be allowed to do in a platform's database, with the line that allows it. Only asks.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/platform.pb.h"
#include "common/postgres/connection.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

// As a target by SQL: a primary, and `cognate.inbox` can be made or written to. As a source by replication: a
// logical stream, the REPLICATION right, a publication and a slot that are there or can be made.
absl::StatusOr<Finding> LookAtRights(postgres::Connection& connection, const v1::Platform& platform);

}  // namespace cognate::platform_registry
