// Which database `backup` and `restore` speak to, and what lies in Redis.
#pragma once

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/postgres/connection.h"
#include "common/redis/client.h"

namespace cognate::cli {

struct DatabaseOptions {
  std::string uri;            // A secret: it may hold a password.
  std::string uri_file;       // The same, in a file.
  std::string password_file;  // A file with its password, where it has none.
  std::string data_dir;
  bool migrate = false;  // make the schemas where they are missing
};

// Whether it is the one of `cognate up`, whose Redis keeps nothing over a stop.
bool IsPrivate(const DatabaseOptions& options);

void AddDatabaseOptions(CLI::App& command, const std::shared_ptr<DatabaseOptions>& options);

// That of `--postgres-uri`, or the private one of `cognate up`: while `up` runs, as it is; else it is started
// for as long as this lives, and `up` must wait.
class Database {
 public:
  struct Purpose {
    bool must_be_stopped = false;  // `cognate up` must not run
    bool may_be_new = false;       // where nothing is yet, an empty one is made
    bool only_looks = false;       // one that is there is left as it is, also where it is of an older program
    std::string application_name;
  };
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options,
                                                        const Purpose& purpose);
  ~Database();

  postgres::Connection& connection() { return *connection_; }

 private:
  struct Private;
  Database();
  absl::Status OpenPrivate(const DatabaseOptions& options, const Purpose& purpose, std::string* uri);

  std::unique_ptr<Private> private_;
  std::unique_ptr<postgres::Connection> connection_;
};

// Takes away what the services left on streams, whichever platforms there were: all of it is in the database,
// too, and what is not there any more must not be delivered.
absl::Status EmptyStreams(const redis::Options& redis, const std::string& prefix);

}  // namespace cognate::cli
