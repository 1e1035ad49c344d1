#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/backup/database.h"
#include "cli/backup/load.h"
#include "cli/default_address.h"
#include "cli/private_servers.h"
#include "common/bus/streams.h"
#include "common/postgres/conninfo.h"
#include "common/postgres/migrator.h"
#include "common/redis/keys.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/migrations.h"
#include "services/delivery/migrations.h"
#include "services/feedback/migrations.h"
#include "services/file_transfer/migrations.h"
#include "services/platform_registry/migrations.h"

namespace cognate::cli {
namespace {

constexpr char kDatabase[] = "cognate";

absl::StatusOr<std::string> TextOf(absl::string_view option, const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(option, ": cannot read ", path));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::StripTrailingAsciiWhitespace(&text);
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(option, ": ", path, " is empty"));
  return text;
}

absl::StatusOr<std::string> UriOf(const DatabaseOptions& options) {
  std::string uri = options.uri;
  if (!options.uri_file.empty()) {
    ASSIGN_OR_RETURN(uri, TextOf("--postgres-uri-file", options.uri_file));
    absl::StripAsciiWhitespace(&uri);
  }
  if (options.password_file.empty()) return uri;
  ASSIGN_OR_RETURN(const std::string password, TextOf("--postgres-password-file", options.password_file));
  absl::StatusOr<std::string> whole = postgres::WithPassword(uri, password);
  if (whole.ok()) return whole;
  return absl::InvalidArgumentError(absl::StrCat("--postgres-password-file: ", whole.status().message()));
}

absl::Status MigrateAll(const std::string& uri) {
  RETURN_IF_ERROR(postgres::Migrate(uri, "platform_registry", platform_registry::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "change_capture", change_capture::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "delivery", delivery::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "feedback", feedback::Migrations()));
  return postgres::Migrate(uri, "file_transfer", file_transfer::Migrations());
}

absl::StatusOr<bool> IsNew(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   connection.QueryText("SELECT to_regclass('platform_registry.schema_migrations')::text"));
  return rows.IsNull(0, 0);
}

}  // namespace

bool IsPrivate(const DatabaseOptions& options) { return options.uri.empty() && options.uri_file.empty(); }

// What `cognate up` keeps for itself.
struct Database::Private {
  ServerHome home;
  int lock = -1;
  std::optional<PrivatePostgres> postgres;

  ~Private() {
    if (postgres) postgres->Stop();
    if (lock >= 0) close(lock);
  }
};

Database::Database() = default;
Database::~Database() { connection_.reset(); }

void AddDatabaseOptions(CLI::App& command, const std::shared_ptr<DatabaseOptions>& options) {
  command
      .add_option("--postgres-uri", options->uri,
                  "The services' database, instead of the one of `cognate up`; a password belongs into "
                  "COGNATE_POSTGRES_URI, a file, or libpq's own ~/.pgpass")
      ->envname("COGNATE_POSTGRES_URI");
  command.add_option("--postgres-uri-file", options->uri_file, "A file that holds it")
      ->envname("COGNATE_POSTGRES_URI_FILE");
  command
      .add_option("--postgres-password-file", options->password_file,
                  "A file that holds its password, where the address has none")
      ->envname("COGNATE_POSTGRES_PASSWORD_FILE");
  options->data_dir = kDefaultDataDir;
  command.add_option("--data-dir", options->data_dir, "Where `cognate up` keeps its data")
      ->envname("COGNATE_DATA_DIR")
      ->capture_default_str();
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options,
                                                         const Purpose& purpose) {
  ASSIGN_OR_RETURN(std::string uri, UriOf(options));
  std::unique_ptr<Database> database(new Database);
  if (uri.empty()) RETURN_IF_ERROR(database->OpenPrivate(options, purpose, &uri));
  postgres::ConnectionOptions connection;
  connection.uri = uri;
  connection.application_name = purpose.application_name;
  connection.statement_timeout = absl::ZeroDuration();
  connection.lock_timeout = absl::Seconds(10);
  connection.settings = {{"jit", "off"}};
  ASSIGN_OR_RETURN(database->connection_, postgres::Connection::Open(connection));
  if (purpose.must_be_stopped) RETURN_IF_ERROR(backup::CheckNobodyRuns(*database->connection_));
  const bool migrates = IsPrivate(options) ? purpose.may_be_new : options.migrate;
  if (!migrates) return database;
  ASSIGN_OR_RETURN(const bool is_new, IsNew(*database->connection_));
  if (is_new || !purpose.only_looks) RETURN_IF_ERROR(MigrateAll(uri));
  return database;
}

absl::Status Database::OpenPrivate(const DatabaseOptions& options, const Purpose& purpose, std::string* uri) {
  const std::string asked = std::filesystem::absolute(options.data_dir).lexically_normal();
  std::error_code error;
  if (!purpose.may_be_new && !std::filesystem::exists(options.data_dir, error) && geteuid() != 0) {
    return Error(absl::StatusCode::kFailedPrecondition, "DATABASE_NOT_FOUND",
                 absl::StrCat(asked, " is not there: give --data-dir of `cognate up`, or --postgres-uri"));
  }
  auto own = std::make_unique<Private>();
  ASSIGN_OR_RETURN(own->home, ServerHome::Prepare(options.data_dir));
  if (!purpose.may_be_new && !std::filesystem::exists(own->home.directory + "/postgres/PG_VERSION", error)) {
    return Error(
        absl::StatusCode::kFailedPrecondition, "DATABASE_NOT_FOUND",
        absl::StrCat("no `cognate up` has run in ", asked, ": give its --data-dir, or --postgres-uri"));
  }
  own->lock = open((own->home.directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (own->lock < 0) return absl::ErrnoToStatus(errno, own->home.directory + "/lock");
  const bool is_free = flock(own->lock, LOCK_EX | LOCK_NB) == 0;
  if (!is_free && purpose.must_be_stopped) {
    return Error(absl::StatusCode::kFailedPrecondition, "SERVICES_RUNNING",
                 absl::StrCat("`cognate up` runs in ", asked, ": stop it, restore, and start it again"));
  }
  if (!is_free) {
    *uri = absl::StrCat("postgresql:///", kDatabase, "?host=", own->home.socket_directory, "&user=cognate");
  } else {
    ASSIGN_OR_RETURN(own->postgres, PrivatePostgres::Start(own->home));
    *uri = own->postgres->Uri(kDatabase);
    RETURN_IF_ERROR(own->postgres->EnsureDatabase(kDatabase));
  }
  private_ = std::move(own);
  return absl::OkStatus();
}

absl::Status EmptyStreams(const redis::Options& options, const std::string& prefix) {
  ASSIGN_OR_RETURN(const std::unique_ptr<redis::Client> redis, redis::Client::Connect(options));
  RETURN_IF_ERROR(redis->Del(bus::ChangesStream(prefix)));
  RETURN_IF_ERROR(redis->Del(bus::EventsStream(prefix)));
  const std::string lane = bus::LaneStream("", prefix);
  return redis::DeleteAllBelow(options, absl::StripSuffix(lane, "}")).status();
}

}  // namespace cognate::cli
