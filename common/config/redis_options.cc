#include "common/config/redis_options.h"

namespace cognate::config {

redis::Options RedisOptions(const Redis& redis) {
  redis::Options options;
  options.address = redis.address;
  options.password = redis.password;
  options.sentinel_password = redis.sentinel_password;
  options.tls_files = {redis.ca_file, redis.certificate_file, redis.key_file};
  return options;
}

}  // namespace cognate::config
