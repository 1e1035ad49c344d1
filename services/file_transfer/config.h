#pragma once

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

  std::string link_key;                 // A secret: one on each line; the first signs links, all open them.

  // All of it. A process of several services registers the shared groups once and then RegisterOwn.
  void Register(config::Settings& settings);
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::file_transfer
