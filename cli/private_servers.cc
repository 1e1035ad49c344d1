#include "cli/private_servers.h"

#include <filesystem>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/postgres/connection.h"
#include "common/redis/client.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kServerUser = "postgres";
constexpr absl::string_view kSuperuser = "cognate";
constexpr size_t kLongestSocketDirectory = 80;  // A socket's path ends at 107 bytes.

absl::Status Failed(absl::string_view what, absl::string_view how_to_mend) {
  return Error(absl::StatusCode::kFailedPrecondition, "PRIVATE_SERVER_FAILED",
               absl::StrCat(what, "; ", how_to_mend));
}

// Whether everybody may pass through every directory above `directory`.
bool ReachableForOthers(const fs::path& directory) {
  for (fs::path above = directory.parent_path(); above != above.root_path(); above = above.parent_path()) {
    struct stat status {};
    if (stat(above.c_str(), &status) != 0) continue;  // Not made yet; will be ours with 0755.
    if ((status.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

absl::Status MakeDirectory(const fs::path& directory, const std::string& user, mode_t mode) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    return Failed(absl::StrCat("cannot make ", directory.string(), ": ", error.message()),
                  "choose another --data-dir");
  if (chmod(directory.c_str(), mode) != 0) return absl::ErrnoToStatus(errno, directory.string());
  if (user.empty()) return absl::OkStatus();
  const passwd* entry = getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread.
  if (entry == nullptr)
    return Failed(absl::StrCat("there is no user ", user), "install postgresql, or do not start as root");
  if (chown(directory.c_str(), entry->pw_uid, entry->pw_gid) != 0)
    return absl::ErrnoToStatus(errno, directory.string());
  return absl::OkStatus();
}

std::string ShortName(absl::string_view directory) {
  return absl::StrFormat("%016x", std::hash<std::string>{}(std::string(directory)));
}

// Calls `ready` until it answers OK or the child has ended.
absl::Status WaitUntilReady(process::Process& child, absl::string_view name, absl::string_view log,
                            const std::function<absl::Status()>& ready) {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  absl::Status last;
  while (absl::Now() < deadline) {
    last = ready();
    if (last.ok()) return last;
    if (!child.Running())
      return Failed(absl::StrCat(name, " ended at once"), absl::StrCat("its log says why: ", log));
    absl::SleepFor(absl::Milliseconds(5));
  }
  return Failed(absl::StrCat(name, " does not answer: ", last.message()),
                absl::StrCat("its log says why: ", log));
}

absl::Status InitialiseCluster(const ServerHome& home, const std::string& binaries, const std::string& data) {
  RETURN_IF_ERROR(MakeDirectory(data, home.user, 0700));
  process::Command initdb;
  initdb.argv = {absl::StrCat(binaries, "/initdb"),
                 "-D",
                 data,
                 "-U",
                 std::string(kSuperuser),
                 "--auth=trust",
                 "--encoding=UTF8",
                 "--locale=C.UTF-8"};
  initdb.user = home.user;
  initdb.log_file = absl::StrCat(home.directory, "/initdb.log");
  return process::RunToEnd(initdb, absl::Seconds(60));
}

}  // namespace

absl::StatusOr<ServerHome> ServerHome::Prepare(absl::string_view data_dir) {
  ServerHome home;
  fs::path directory = fs::absolute(fs::path(std::string(data_dir))).lexically_normal();
  if (geteuid() == 0) {
    home.user = std::string(kServerUser);
    if (!ReachableForOthers(directory / "x"))
      directory = fs::path("/var/lib/cognate") / ShortName(directory.string());
  }
  home.directory = directory.string();
  RETURN_IF_ERROR(MakeDirectory(directory, home.user, 0755));
  home.socket_directory = (directory / "run").string();
  if (home.socket_directory.size() > kLongestSocketDirectory) {
    home.socket_directory = absl::StrCat("/tmp/cognate-", geteuid(), "-", ShortName(directory.string()));
  }
  RETURN_IF_ERROR(MakeDirectory(home.socket_directory, home.user, 0700));
  return home;
}

absl::Status ServerHome::Reset() const {
  for (const char* part : {"/postgres", "/redis"}) {
    std::error_code error;
    fs::remove_all(directory + part, error);
    if (error) return Failed(absl::StrCat("cannot empty ", directory, part), error.message());
  }
  return absl::OkStatus();
}

absl::StatusOr<PrivatePostgres> PrivatePostgres::Start(const ServerHome& home) {
  ASSIGN_OR_RETURN(const std::string binaries, process::FindPostgresBinaries());
  const std::string data = absl::StrCat(home.directory, "/postgres");
  if (!fs::exists(absl::StrCat(data, "/PG_VERSION")))
    RETURN_IF_ERROR(InitialiseCluster(home, binaries, data));
  PrivatePostgres postgres;
  postgres.socket_directory_ = home.socket_directory;
  const std::string log = absl::StrCat(home.directory, "/postgres.log");
  process::Command command;
  command.argv = {absl::StrCat(binaries, "/postgres"), "-D", data};
  for (const std::string& setting :
       {std::string("listen_addresses="), absl::StrCat("unix_socket_directories=", home.socket_directory),
        std::string("unix_socket_permissions=0700"), std::string("wal_level=logical"),
        std::string("max_wal_senders=32"), std::string("max_replication_slots=32"),
        std::string("max_connections=200"), std::string("shared_buffers=256MB"),
        std::string("max_wal_size=4GB"), std::string("checkpoint_timeout=15min"), std::string("jit=off"),
        std::string("autovacuum_naptime=10s"), std::string("log_min_messages=warning")}) {
    command.argv.push_back("-c");
    command.argv.push_back(setting);
  }
  command.user = home.user;
  command.log_file = log;
  command.death_signal = SIGQUIT;  // Immediate shutdown: backends end, and no shared memory stays.
  ASSIGN_OR_RETURN(postgres.process_, process::Process::Spawn(command));
  RETURN_IF_ERROR(WaitUntilReady(postgres.process_, "PostgreSQL", log, [&] {
    return postgres::Connection::Open(postgres.Uri("postgres")).status();
  }));
  return postgres;
}

std::string PrivatePostgres::Uri(absl::string_view database) const {
  return absl::StrCat("postgresql:///", database, "?host=", socket_directory_, "&user=", kSuperuser);
}

absl::Status PrivatePostgres::EnsureDatabase(const std::string& name) const {
  ASSIGN_OR_RETURN(const auto connection, postgres::Connection::Open(Uri("postgres")));
  ASSIGN_OR_RETURN(const postgres::Rows found,
                   connection->QueryText("SELECT 1 FROM pg_database WHERE datname = $1", {{name}}));
  if (found.size() > 0) return absl::OkStatus();
  return connection->Execute(absl::StrCat("CREATE DATABASE ", connection->QuoteIdentifier(name)));
}

void PrivatePostgres::Stop() { process_.Terminate(absl::Seconds(30), SIGINT); }

absl::StatusOr<PrivateRedis> PrivateRedis::Start(const ServerHome& home) {
  ASSIGN_OR_RETURN(const std::string program, process::FindInPath("redis-server"));
  const std::string directory = absl::StrCat(home.directory, "/redis");
  RETURN_IF_ERROR(MakeDirectory(directory, home.user, 0700));
  const std::string socket = absl::StrCat(home.socket_directory, "/redis.sock");
  const std::string log = absl::StrCat(home.directory, "/redis.log");
  PrivateRedis redis;
  redis.address_ = absl::StrCat("unix:", socket);
  process::Command command;
  // Nothing in it must outlive it: it keeps no file.
  command.argv = {program, "--port",      "0",       "--unixsocket",       socket,       "--unixsocketperm",
                  "700",   "--dir",       directory, "--appendonly",       "no",         "--save",
                  "",      "--maxmemory", "256mb",   "--maxmemory-policy", "noeviction", "--daemonize",
                  "no"};
  command.user = home.user;
  command.log_file = log;
  ASSIGN_OR_RETURN(redis.process_, process::Process::Spawn(command));
  RETURN_IF_ERROR(WaitUntilReady(redis.process_, "Redis", log,
                                 [&] { return redis::Client::Connect(redis.address_).status(); }));
  return redis;
}

void PrivateRedis::Stop() { process_.Terminate(absl::Seconds(10)); }

}  // namespace cognate::cli
