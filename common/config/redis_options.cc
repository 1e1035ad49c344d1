#include "common/config/redis_options.h"

namespace cognate::config {

redis::Options RedisOptions(const Redis& redis) {
  redis::Options options;
  options.address = redis.address;
  options.password = redis.password;
  options.sentinel_password = redis.sentinel_password;
  return options;
}

}  // namespace cognate::config
