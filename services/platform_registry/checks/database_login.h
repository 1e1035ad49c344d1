// Logging in to a platform's database, as the services do, and why it was refused.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/connection.h"
#include "common/postgres/conninfo.h"
#include "common/worker/worker.h"
#include "services/platform_registry/checks/addresses.h"
#include "services/platform_registry/checks/steps.h"

namespace cognate::platform_registry {

// The hosts that a connection string names, as libpq reads them. None where it names none: then it is libpq's
// own default, or a service file's.
std::vector<HostAndPort> PlacesOf(const postgres::ConninfoOptions& options);

// Of several values the one that counts; empty if there is none.
std::string OptionOf(const postgres::ConninfoOptions& options, absl::string_view keyword);

// Opens a connection to places that were just reached, at the very addresses: nothing is resolved again.
absl::StatusOr<std::unique_ptr<postgres::Connection>> LogIn(postgres::ConninfoOptions options,
                                                            const std::vector<HostAndPort>& places,
                                                            const std::vector<Tried>& connected,
                                                            absl::Duration limit);

// What a refused login is about, by the words of libpq and of the server: nullopt where TLS has nothing to do
// with it.
std::optional<Finding> TlsFault(const absl::Status& refused, const postgres::ConninfoOptions& options);
// `secret`: where the password is read, in words.
Finding LoginFault(const absl::Status& refused, const postgres::ConninfoOptions& options,
                   absl::string_view secret);

// Ends a connection that takes longer than `limit`, unless this is destroyed before: a server that hangs
// holds up nobody.
class TimeLimit {
 public:
  TimeLimit(postgres::Connection& connection, absl::Duration limit)
      : worker_("time-limit", [&connection, limit](StopToken& stop) {
          if (!stop.WaitFor(limit)) connection.Abort();
        }) {}

 private:
  Worker worker_;
};

}  // namespace cognate::platform_registry
