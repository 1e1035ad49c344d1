#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/config/groups.h"
#include "common/config/settings.h"
#include "services/file_transfer/s3/s3_settings.h"

namespace cognate::file_transfer {

struct Config {
  config::Postgres postgres;
  config::Peers peers;
  std::string file_store;  // A directory, absolute, or s3://bucket/prefix; `cognate up` has one of its own.
  S3Settings s3;
  std::vector<std::string> file_roots;  // Directories in which platforms may have their files; none: nowhere.
  // Of platforms' keys.
  int64_t file_max_bytes = int64_t{1} << 38;      // Of one content.
  int64_t file_unbound_bytes = int64_t{1} << 38;  // Of all that a platform has sent and no record leads to.
  std::string public_url;                         // Where readers reach the gateway; empty: no lasting links.
  std::string link_key;  // A secret: one on each line; the first signs links, all open them.

  // No setting: passed before each access of a platform's directory. Tests have it hang there.
  std::function<void(const std::string& directory)> place_gate;

  // All of it. A process of several services registers the shared groups once and then RegisterOwn.
  void Register(config::Settings& settings);
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::file_transfer
