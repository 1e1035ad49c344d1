// The steps to a platform that is a PostgreSQL database.
#pragma once

#include "cognate/v1/platform.pb.h"
#include "common/clock/clock.h"
#include "services/platform_registry/checks/reach.h"
#include "services/platform_registry/checks/steps.h"
#include "services/platform_registry/model_store.h"

namespace cognate::platform_registry {

struct DatabaseChecks {
  Resolver& resolver;
  ModelStore& models;
  const Clock& clock;
};

// secret, address, firewall, connection, tls, key, clock, schema, rights.
void CheckDatabase(const DatabaseChecks& parts, const v1::Platform& platform, Checklist& list);

}  // namespace cognate::platform_registry
