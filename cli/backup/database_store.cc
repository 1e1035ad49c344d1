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
#include "cli/backup/database.h"
#include "cli/default_address.h"
#include "cli/private_servers.h"
#include "common/bus/streams.h"
#include "common/postgres/migrator.h"
#include "common/redis/client.h"
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

absl::StatusOr<std::string> UriOf(const DatabaseOptions& options) {
  if (options.uri_file.empty()) return options.uri;
  std::ifstream file(options.uri_file);
  if (!file)
    return absl::InvalidArgumentError(absl::StrCat("--postgres-uri-file: cannot read ", options.uri_file));
  std::string uri((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::StripAsciiWhitespace(&uri);
  return uri;
}

absl::Status MigrateAll(const std::string& uri) {
  RETURN_IF_ERROR(postgres::Migrate(uri, "platform_registry", platform_registry::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "change_capture", change_capture::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "delivery", delivery::Migrations()));
  RETURN_IF_ERROR(postgres::Migrate(uri, "feedback", feedback::Migrations()));
  return postgres::Migrate(uri, "file_transfer", file_transfer::Migrations());
}

}  // namespace

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
  options->data_dir = kDefaultDataDir;
  command.add_option("--data-dir", options->data_dir, "Where `cognate up` keeps its data")
      ->envname("COGNATE_DATA_DIR")
      ->capture_default_str();
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options,
                                                         const Purpose& purpose) {
  ASSIGN_OR_RETURN(std::string uri, UriOf(options));
  std::unique_ptr<Database> database(new Database);
  if (uri.empty()) {
    RETURN_IF_ERROR(database->OpenPrivate(options, purpose, &uri));
  } else if (options.migrate) {
    RETURN_IF_ERROR(MigrateAll(uri));
  }
  postgres::ConnectionOptions connection;
  connection.uri = uri;
  connection.application_name = purpose.application_name;
  connection.statement_timeout = absl::ZeroDuration();
  connection.lock_timeout = absl::Seconds(10);
  connection.settings = {{"jit", "off"}};
  ASSIGN_OR_RETURN(database->connection_, postgres::Connection::Open(connection));
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
    if (purpose.may_be_new) RETURN_IF_ERROR(MigrateAll(*uri));
  }
  private_ = std::move(own);
  return absl::OkStatus();
}

absl::Status EmptyStreams(postgres::Connection& connection, const std::string& redis_address,
                          const std::string& prefix) {
  ASSIGN_OR_RETURN(const std::unique_ptr<redis::Client> redis, redis::Client::Connect(redis_address));
  RETURN_IF_ERROR(redis->Del(bus::ChangesStream(prefix)));
  RETURN_IF_ERROR(redis->Del(bus::EventsStream(prefix)));
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   connection.QueryText("SELECT name FROM platform_registry.platforms "
                                        "UNION SELECT platform FROM change_capture.platforms"));
  for (int row = 0; row < rows.size(); ++row) {
    RETURN_IF_ERROR(redis->Del(bus::LaneStream(rows.GetText(row, 0), prefix)));
    RETURN_IF_ERROR(redis->Del(bus::LaneClosedKey(rows.GetText(row, 0), prefix)));
  }
  return absl::OkStatus();
}

}  // namespace cognate::cli
