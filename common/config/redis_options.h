#pragma once

#include "common/config/groups.h"
#include "common/redis/client.h"

namespace cognate::config {

// How every service connects: the address as it is given, and the password beside it.
redis::Options RedisOptions(const Redis& redis);

}  // namespace cognate::config
