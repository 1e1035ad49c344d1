#include "tests/support/postgres_server.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "common/postgres/connection.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "tests/support/eventually.h"

namespace cognate::test_support {
namespace {

// The server refuses to run as root.
std::string ServerUser() { return geteuid() == 0 ? "postgres" : ""; }

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "FAILED: this test needs its own PostgreSQL server: %s\n", status.ToString().c_str());
  std::abort();
}

void OrFail(const absl::Status& status) {
  if (!status.ok()) Fail(status);
}

absl::Status Run(std::vector<std::string> argv, const std::string& log, const std::string& user) {
  process::Command command;
  command.argv = std::move(argv);
  command.user = user;
  command.log_file = log;
  return process::RunToEnd(command, kPatience);
}

constexpr pid_t kGone = -1;

// kGone for a process that has ended, be it reaped or not.
pid_t ParentOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  // By getline, which takes a process that ends while it is read for the end of the file.
  std::string stat;
  std::getline(file, stat, '\0');
  // "17 (postgres) S 1 …": the name may hold anything, so count from its last parenthesis.
  std::istringstream after(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
  char state = 'Z';
  pid_t parent = kGone;
  after >> state >> parent;
  return state == 'Z' || state == 'X' ? kGone : parent;
}

// A lock between test programs, for as long as this lives.
class FileLock {
 public:
  explicit FileLock(const std::string& path) : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    while (flock(file_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FileLock() { close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  const int file_;
};

// A data directory fresh from initdb, made once for each user and version.
absl::StatusOr<std::string> Template(const std::string& binaries) {
  const std::string root =
      absl::StrCat("/tmp/cognate-initdb-", geteuid(), absl::StrReplaceAll(binaries, {{"/", "_"}}));
  const FileLock lock(root + ".lock");
  const std::string ready = root + "/data";
  if (std::filesystem::exists(ready)) return ready;
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
  std::filesystem::create_directory(root, ignored);
  if (!ServerUser().empty()) RETURN_IF_ERROR(Run({"chown", ServerUser(), root}, root + "/log", ""));
  const std::string making = root + "/making";
  RETURN_IF_ERROR(Run({binaries + "/initdb", "-D", making, "-U", "postgres", "--auth=trust",
                       "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
                      "/dev/null", ServerUser()));
  std::filesystem::rename(making, ready);
  return ready;
}

absl::StatusOr<std::string> FindFaketime() {
  std::error_code ignored;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib", ignored)) {
    const std::filesystem::path library = folder.path() / "faketime/libfaketimeMT.so.1";
    if (std::filesystem::exists(library, ignored)) return library.string();
  }
  return absl::NotFoundError("libfaketime is not there: install the package faketime (scripts/setup does)");
}

}  // namespace

PostgresServer::PostgresServer(const PostgresOptions& options)
    : options_(options), directory_("cgp"), data_(directory_.File("data")) {}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(const PostgresOptions& options) {
  std::unique_ptr<PostgresServer> server(new PostgresServer(options));
  RETURN_IF_ERROR(server->Initialize());
  RETURN_IF_ERROR(server->Launch());
  return server;
}

PostgresServer& PostgresServer::Shared() {
  static const std::unique_ptr<PostgresServer> server = [] {
    absl::StatusOr<std::unique_ptr<PostgresServer>> started = Start();
    OrFail(started.status());
    return *std::move(started);
  }();
  return *server;
}

PostgresServer::~PostgresServer() { process_.Terminate(kPatience, SIGQUIT); }

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::StartStandby(const PostgresServer& primary,
                                                                             absl::string_view name) {
  std::unique_ptr<PostgresServer> server(new PostgresServer(PostgresOptions()));
  RETURN_IF_ERROR(server->CopyFrom(primary, name));
  RETURN_IF_ERROR(server->Launch());
  return server;
}

absl::Status PostgresServer::MakeRoot() {
  ASSIGN_OR_RETURN(binaries_, process::FindPostgresBinaries());
  const std::string& root = directory_.path();
  if (!ServerUser().empty()) RETURN_IF_ERROR(Run({"chown", ServerUser(), root}, root + "/setup.log", ""));
  return chmod(root.c_str(), 0755) == 0 ? absl::OkStatus() : absl::InternalError("chmod");
}

absl::Status PostgresServer::Initialize() {
  RETURN_IF_ERROR(MakeRoot());
  ASSIGN_OR_RETURN(const std::string ready, Template(binaries_));
  const std::string& root = directory_.path();
  RETURN_IF_ERROR(Run({"cp", "-a", "--reflink=auto", ready, data_}, root + "/setup.log", ""));
  const char* const durable = options_.durable ? "on" : "off";
  std::string settings = absl::StrCat(
      "listen_addresses = ''\nunix_socket_directories = '", root, "'\nmax_connections = 100\n",
      "wal_level = logical\nmax_wal_senders = 20\nmax_replication_slots = 20\nlog_min_messages = warning\n",
      "fsync = ", durable, "\nfull_page_writes = ", durable, "\nmax_prepared_transactions = 10\n");
  for (const std::string& setting : options_.settings) {
    const size_t equals = setting.find('=');
    absl::StrAppend(&settings, setting.substr(0, equals), " = '", setting.substr(equals + 1), "'\n");
  }
  return AddSettings(settings);
}

absl::Status PostgresServer::CopyFrom(const PostgresServer& primary, absl::string_view name) {
  RETURN_IF_ERROR(MakeRoot());
  const std::string& root = directory_.path();
  RETURN_IF_ERROR(
      Run({binaries_ + "/pg_basebackup", "--pgdata", data_, "--write-recovery-conf", "--wal-method=stream",
           "--checkpoint=fast", "--no-sync", "--dbname",
           absl::StrCat("host=", primary.directory_.path(), " user=postgres application_name=", name)},
          root + "/setup.log", ServerUser()));
  // It has the settings of the primary; the last of a name is the one that counts.
  return AddSettings(absl::StrCat("unix_socket_directories = '", root,
                                  "'\nsynchronous_standby_names = ''\nwal_receiver_status_interval = 1\n"));
}

absl::Status PostgresServer::AddSettings(const std::string& settings) {
  std::ofstream file(data_ + "/postgresql.auto.conf", std::ios::app);
  file << settings;
  file.close();
  return file ? absl::OkStatus() : absl::InternalError("cannot write postgresql.auto.conf");
}

absl::Status PostgresServer::Launch() {
  process::Command command;
  command.argv = {binaries_ + "/postgres", "-D", data_};
  command.user = ServerUser();
  command.log_file = directory_.File("postgres.log");
  command.death_signal = SIGQUIT;
  if (!options_.clock.empty()) {
    ASSIGN_OR_RETURN(const std::string library, FindFaketime());
    SetClock(options_.clock);
    command.environment = {{"LD_PRELOAD", library},
                           {"FAKETIME_TIMESTAMP_FILE", directory_.File("clock")},
                           {"FAKETIME_NO_CACHE", "1"},
                           {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
  }
  // A killed server leaves it; a number that somebody else has by now would keep the new one from starting.
  std::error_code ignored;
  std::filesystem::remove(data_ + "/postmaster.pid", ignored);
  ASSIGN_OR_RETURN(process_, process::Process::Spawn(command));
  const bool accepts =
      Eventually([&] { return !process_.Running() || postgres::Connection::Open(Uri()).ok(); });
  if (accepts && process_.Running()) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, "POSTGRES_NOT_STARTED",
               absl::StrCat("PostgreSQL does not start: ", Log()));
}

std::string PostgresServer::Uri(absl::string_view database, absl::string_view user) const {
  return absl::StrCat("postgresql:///", database, "?host=", directory_.path(), "&user=", user);
}

std::string PostgresServer::UriOfPrimary(const std::vector<const PostgresServer*>& servers,
                                         absl::string_view database) {
  std::string hosts;
  for (const PostgresServer* server : servers)
    absl::StrAppend(&hosts, hosts.empty() ? "" : ",", server->directory_.path());
  return absl::StrCat("postgresql:///", database, "?host=", hosts,
                      "&user=postgres&target_session_attrs=read-write");
}

std::string PostgresServer::CreateDatabase(absl::string_view name) {
  absl::StatusOr<std::unique_ptr<postgres::Connection>> connection;
  Eventually([&] { return (connection = postgres::Connection::Open(Uri())).ok(); });
  OrFail(connection.status());
  const std::string quoted = (*connection)->QuoteIdentifier(name);
  OrFail((*connection)->Execute(absl::StrCat("DROP DATABASE IF EXISTS ", quoted, " WITH (FORCE)")));
  OrFail((*connection)->Execute(absl::StrCat("CREATE DATABASE ", quoted)));
  return Uri(name);
}

std::string PostgresServer::CreateDatabase() { return CreateDatabase(absl::StrCat("test_", ++databases_)); }

void PostgresServer::Stop(Mode mode) {
  process_.Terminate(kPatience, mode == Mode::kFast ? SIGINT : SIGQUIT);
}

void PostgresServer::StartAgain() { OrFail(Launch()); }

void PostgresServer::Restart(Mode mode) {
  Stop(mode);
  StartAgain();
}

std::vector<pid_t> PostgresServer::Children() const {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    if (ParentOf(pid) == process_.pid()) children.push_back(pid);
  }
  return children;
}

void PostgresServer::SignalAll(int signal_number) {
  process_.Signal(signal_number);
  for (const pid_t child : Children()) kill(child, signal_number);
}

// Nobody may write to the data any more when this returns: the next server starts on it at once.
void PostgresServer::Kill() {
  process_.Signal(SIGSTOP);  // no more children from here on
  const std::vector<pid_t> children = Children();
  process_.Kill();
  for (const pid_t child : children) kill(child, SIGKILL);
  for (const pid_t child : children) Eventually([&] { return ParentOf(child) == kGone; });
}

// In one step: the server never reads half of it.
void PostgresServer::SetClock(absl::string_view off) {
  const std::string next = directory_.File("clock.next");
  std::ofstream(next) << off << "\n";
  std::filesystem::rename(next, directory_.File("clock"));
}

std::string PostgresServer::Log() const {
  std::ifstream file(directory_.File("postgres.log"));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace cognate::test_support
