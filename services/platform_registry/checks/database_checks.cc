#include "services/platform_registry/checks/database_checks.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/postgres/sqlstate.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/catalogue.h"
#include "services/platform_registry/checks/addresses.h"
#include "services/platform_registry/checks/database_login.h"
#include "services/platform_registry/checks/database_rights.h"
#include "services/platform_registry/checks/schema_check.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using postgres::Connection;
using postgres::Rows;

// Reading a large catalogue takes its time; all of the steps together stay below Checklist::kAll.
constexpr absl::Duration kSchemaLimit = absl::Seconds(10);
constexpr int kPage = 1000;

constexpr char kSelectTls[] = R"sql(
    SELECT COALESCE((SELECT version FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid() AND ssl), '')
)sql";
constexpr char kSelectClock[] = "SELECT pg_catalog.clock_timestamp()";

std::string SecretPlace(const v1::DatabaseConnection& database) {
  if (!database.password().file().empty())
    return StrCat("what the file ", database.password().file(), " has");
  if (!database.password().environment().empty())
    return StrCat("what the services' environment variable ", database.password().environment(), " has");
  return "the platform's password";
}

absl::StatusOr<std::vector<v1::Model>> StoredOf(ModelStore& models, const std::string& platform) {
  std::vector<v1::Model> stored;
  Page page{kPage, ""};
  while (true) {
    ASSIGN_OR_RETURN(std::vector<v1::Model> found, models.List(platform, page));
    const bool is_last = found.size() <= static_cast<size_t>(page.size);
    if (!is_last) found.pop_back();
    if (!found.empty()) page.after = found.back().model();
    std::move(found.begin(), found.end(), std::back_inserter(stored));
    if (is_last) return stored;
  }
}

// A step that the server broke off, or let run out of time.
Finding Broken(const absl::Status& status) {
  const std::string server = postgres::ServerMessage(status);
  return Failed(
      absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? "TIMED_OUT" : ErrorReason(status),
      StrCat("the database did not answer: ", server.empty() ? std::string(status.message()) : server),
      "look at the load of the server and at its log, then check again");
}

Finding OrBroken(absl::StatusOr<Finding> finding) {
  return finding.ok() ? *std::move(finding) : Broken(finding.status());
}

class DatabaseCheck {
 public:
  DatabaseCheck(const DatabaseChecks& parts, const v1::Platform& platform)
      : parts_(parts), platform_(platform), id_(absl::StripPrefix(platform.name(), "platforms/")) {}

  void Run(Checklist& list) {
    list.Try("secret", [&](absl::Duration) { return ReadSecret(); });
    const auto named = postgres::ParseConninfo(platform_.database().uri());
    Addresses addresses(parts_.resolver, PlacesOf(named.value_or(postgres::ConninfoOptions())), nullptr);
    if (addresses.places().empty()) {
      list.Try("address",
               [](absl::Duration) { return Fine("the URI names no host: libpq's own default counts"); });
    } else {
      addresses.Try(list);
    }
    list.Try("tls", [&](absl::Duration limit) { return Open(addresses, limit); });
    list.Try("key", [&](absl::Duration) { return LoggedIn(); });
    list.Try("clock", [&](absl::Duration limit) { return Within(limit, &DatabaseCheck::LookAtClock); });
    list.Try(
        "schema", [&](absl::Duration limit) { return Within(limit, &DatabaseCheck::LookAtSchema); },
        kSchemaLimit);
    list.Try("rights", [&](absl::Duration limit) {
      return Within(limit,
                    [](DatabaseCheck& self) { return LookAtRights(**self.connection_, self.platform_); });
    });
  }

 private:
  Finding ReadSecret() {
    const absl::StatusOr<std::string> uri = secret::ConnectionUri(platform_.database());
    if (!uri.ok()) return SecretFault(uri.status());
    options_ = postgres::ParseConninfo(*uri).value_or(postgres::ConninfoOptions());
    return Fine(platform_.database().has_password() ? "the password can be read"
                                                    : "no password is set for it");
  }

  Finding Open(Addresses& addresses, absl::Duration limit) {
    connection_ = LogIn(options_, addresses.places(), addresses.connected(), limit);
    if (!connection_.ok()) {
      if (std::optional<Finding> fault = TlsFault(connection_.status(), options_)) return *std::move(fault);
      return Fine("it is not TLS that fails");
    }
    const TimeLimit timer(**connection_, limit);
    const absl::StatusOr<Rows> row = (*connection_)->QueryOnce(kSelectTls, {});
    if (!row.ok()) return Broken(row.status());
    const absl::string_view version = row->GetText(0, 0);
    return Fine(version.empty() ? "the connection goes without, as its URI and the server agree" : version);
  }

  Finding LoggedIn() const {
    if (!connection_.ok())
      return LoginFault(connection_.status(), options_, SecretPlace(platform_.database()));
    return Fine("the login is taken");
  }

  Finding Within(absl::Duration limit, absl::FunctionRef<absl::StatusOr<Finding>(DatabaseCheck&)> look) {
    const TimeLimit timer(**connection_, limit);
    return OrBroken(look(*this));
  }

  static absl::StatusOr<Finding> LookAtClock(DatabaseCheck& self) {
    const absl::Time before = self.parts_.clock.Now();
    ASSIGN_OR_RETURN(const Rows row, (*self.connection_)->QueryOnce(kSelectClock, {}));
    const absl::Duration half = (self.parts_.clock.Now() - before) / 2;
    return JudgeClock(row.GetTimestamp(0, 0) - (before + half), half);
  }

  static absl::StatusOr<Finding> LookAtSchema(DatabaseCheck& self) {
    ASSIGN_OR_RETURN(const std::vector<v1::Model> found, ReadCatalogue(**self.connection_));
    // What samples cannot be had for lack of time is no fault; a connection that was lost is.
    if (!(*self.connection_)->Alive())
      return absl::DeadlineExceededError("its catalogue was not read in time");
    ASSIGN_OR_RETURN(const std::vector<v1::Model> stored, StoredOf(self.parts_.models, self.id_));
    return CompareSchema(self.id_, stored, found);
  }

  const DatabaseChecks& parts_;
  const v1::Platform& platform_;
  const std::string id_;
  postgres::ConninfoOptions options_;  // with the password
  absl::StatusOr<std::unique_ptr<Connection>> connection_;
};

}  // namespace

void CheckDatabase(const DatabaseChecks& parts, const v1::Platform& platform, Checklist& list) {
  DatabaseCheck(parts, platform).Run(list);
}

}  // namespace cognate::platform_registry
