// CheckPlatform against real PostgreSQL servers: each thing that may be wrong, told by its reason, with what
// to do.
#include <csignal>

#include <sys/stat.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "services/platform_registry/checks/check_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::PostgresServer;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kAllFine[] =
    "secret, address, firewall, connection, tls, key, clock, schema, rights, delivery";

// A server that is reached by TCP on an address of its own, where it asks for passwords.
class TcpServer {
 public:
  explicit TcpServer(std::vector<std::string> settings = {}) {
    std::ofstream(folder_.File("pg_hba.conf"))
        << "local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n";
    chmod(folder_.path().c_str(), 0755);
    settings.push_back("hba_file=" + folder_.File("pg_hba.conf"));
    settings.push_back("listen_addresses=" + host());
    server_ = ValueOrDie(PostgresServer::Start({.settings = std::move(settings)}));
    Run("CREATE ROLE cognate LOGIN PASSWORD 'right'; ALTER ROLE cognate CREATEDB");
    Run("CREATE DATABASE atlas OWNER cognate");
    std::ofstream(password()) << "right\n";
  }
  // Of this process, so that servers of several tests do not meet.
  std::string host() const { return absl::StrCat("127.77.", getpid() / 250 % 250, ".", 1 + getpid() % 250); }
  std::string password() const { return folder_.File("password"); }
  void SetPassword(const std::string& text) { std::ofstream(password()) << text << "\n"; }
  std::string Uri(const std::string& more = "", const std::string& database = "atlas") const {
    return absl::StrCat("postgresql://cognate@", host(), ":5432/", database, more);
  }
  void Run(const std::string& sql, const std::string& database = "postgres") {
    EXPECT_OK(ValueOrDie(postgres::Connection::Open(server_->Uri(database)))->Execute(sql));
  }
  PostgresServer& server() { return *server_; }

 private:
  test_support::TempDir folder_{"cgh"};
  std::unique_ptr<PostgresServer> server_;
};

class DatabaseChecksTest : public CheckTest {
 protected:
  DatabaseChecksTest() { std::signal(SIGPIPE, SIG_IGN); }
  void Add(const std::string& id, const std::string& uri, const std::string& password_file = "",
           const std::string& more = "") {
    const std::string password =
        password_file.empty() ? "" : absl::StrCat("password { file: '", password_file, "' }");
    ASSERT_OK(Call(
        &RegistryStub::CreatePlatform,
        absl::StrCat("platform { name: 'platforms/", id, "' kind: PLATFORM_KIND_POSTGRES database { uri: '",
                     uri, "' ", password, " } ", more, " }")));
  }
  // Its one server: several tests use it, each with databases and roles of its own.
  static TcpServer& Tcp() {
    static TcpServer server;
    return server;
  }
};

TEST_F(DatabaseChecksTest, BadNamesAndUnknownPlatformsAreErrors) {
  EXPECT_THAT(TryCheck("atlas").status(), HasReason("INVALID_FIELD"));
  EXPECT_THAT(TryCheck("platforms/atlas").status(), HasReason("PLATFORM_NOT_FOUND"));
}

TEST_F(DatabaseChecksTest, APlatformThatWorksIsFineByTcpAndByALocalSocket) {
  Add("tcp", Tcp().Uri(), Tcp().password(), "capture_mode: CAPTURE_MODE_REPLICATION");
  Tcp().Run("ALTER ROLE cognate REPLICATION");
  Tcp().Run("CREATE TABLE IF NOT EXISTS country (id int PRIMARY KEY); ALTER TABLE country OWNER TO cognate",
            "atlas");
  Analyze("tcp");
  const v1::CheckPlatformResponse by_tcp = Check("tcp");
  EXPECT_EQ(Told(by_tcp), kAllFine) << by_tcp.DebugString();
  EXPECT_EQ(by_tcp.conclusion(), "tcp can take part.");
  EXPECT_THAT(Step(by_tcp, "address").message(), HasSubstr(Tcp().host()));

  Add("local", test_support::PostgresServer::Shared().CreateDatabase());
  EXPECT_EQ(Told(Check("local")),
            "secret, address, firewall, connection, tls, key, clock, schema warns MODEL_NOT_FOUND, rights, "
            "delivery");
}

TEST_F(DatabaseChecksTest, ASecretThatIsAwayAWrongPasswordAndAWrongDatabaseAreToldApart) {
  Add("away", Tcp().Uri(), "/nosuch/password");
  EXPECT_EQ(Told(Check("away")),
            "secret fails SECRET_UNAVAILABLE, address skipped, firewall skipped, connection skipped, tls "
            "skipped, key "
            "skipped, clock skipped, schema skipped, rights skipped, delivery");
  const test_support::TempDir folder("cgw");
  std::ofstream(folder.File("wrong")) << "wrong";
  Add("wrong", Tcp().Uri(), folder.File("wrong"));
  const v1::CheckPlatformResponse wrong = Check("wrong");
  EXPECT_THAT(Told(wrong), HasSubstr("tls, key fails KEY_REFUSED, clock skipped"));
  EXPECT_THAT(Worst(wrong).message(), HasSubstr("password authentication failed"));
  EXPECT_THAT(Worst(wrong).fix(),
              AllOf(HasSubstr(folder.File("wrong")), HasSubstr("ALTER ROLE \"cognate\" PASSWORD")));
  EXPECT_THAT(wrong.DebugString(), Not(HasSubstr("'wrong'")));
  EXPECT_THAT(wrong.conclusion(), AllOf(HasSubstr("wrong cannot take part"), HasSubstr("key, KEY_REFUSED")));

  Add("none", Tcp().Uri("", "nosuch"), Tcp().password());
  const v1::PlatformCheck unknown = Worst(Check("none"));
  EXPECT_EQ(unknown.step(), "key");
  EXPECT_EQ(unknown.reason(), "DATABASE_UNKNOWN");
  EXPECT_THAT(unknown.fix(), HasSubstr("CREATE DATABASE \"nosuch\";"));

  Add("unlisted", absl::StrCat("postgresql://cognate@", Tcp().host(), "/postgres?sslmode=disable"),
      Tcp().password());
  Tcp().Run("REVOKE CONNECT ON DATABASE postgres FROM public");
  const v1::PlatformCheck no_right = Worst(Check("unlisted"));
  EXPECT_EQ(no_right.reason(), "KEY_REFUSED");
  EXPECT_EQ(no_right.fix(), "GRANT CONNECT ON DATABASE \"postgres\" TO \"cognate\";");
  Tcp().Run("GRANT CONNECT ON DATABASE postgres TO public");
}

TEST_F(DatabaseChecksTest, AnUnknownNameARefusedPortAndAFirewallAreToldApart) {
  Add("name", "postgresql://cognate@nosuch.invalid/atlas");
  EXPECT_THAT(Told(Check("name")),
              HasSubstr("address fails NAME_UNKNOWN, firewall skipped, connection skipped"));
  const BoundPort closed;
  Add("closed", absl::StrCat("postgresql://cognate@127.0.0.1:", closed.port(), "/atlas"));
  EXPECT_THAT(Told(Check("closed")), HasSubstr("firewall, connection fails CONNECTION_REFUSED, tls skipped"));
  BoundPort hole;
  hole.FillUp();
  Add("hole", absl::StrCat("postgresql://cognate@127.0.0.1:", hole.port(), "/atlas"));
  const absl::Time start = absl::Now();
  const v1::CheckPlatformResponse response = Check("hole");
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  EXPECT_THAT(Told(response), HasSubstr("address, firewall fails FIREWALL, connection skipped"));
  EXPECT_THAT(Worst(response).fix(), HasSubstr(absl::StrCat("port ", hole.port())));
  EXPECT_GE(Worst(response).duration().seconds(), 2);
  Add("socket", "postgresql:///atlas?host=/nosuch");
  EXPECT_THAT(Told(Check("socket")), HasSubstr("connection fails CONNECTION_REFUSED"));
}

TEST_F(DatabaseChecksTest, OfSeveralHostsOneThatIsReachedIsEnough) {
  const BoundPort closed;
  Add("many",
      absl::StrCat("postgresql://cognate@nosuch.invalid:1,127.0.0.1:", closed.port(), ",", Tcp().host(),
                   ":5432/atlas"),
      Tcp().password());
  const v1::CheckPlatformResponse response = Check("many");
  EXPECT_EQ(Step(response, "key").status(), v1::PLATFORM_CHECK_STATUS_OK) << response.DebugString();
  EXPECT_EQ(Step(response, "connection").message(), absl::StrCat("connected to ", Tcp().host()));
}

TEST_F(DatabaseChecksTest, AServerThatHangsOrIsNoPostgresHoldsUpNothing) {
  BoundPort silent;
  silent.Listen();
  Add("silent", absl::StrCat("postgresql://cognate@127.0.0.1:", silent.port(), "/atlas"));
  absl::Time start = absl::Now();
  EXPECT_EQ(Worst(Check("silent")).reason(), "TIMED_OUT");
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  const HttpEndpoint web([](const auto&, auto&) {});
  Add("web", absl::StrCat("postgresql://cognate@127.0.0.1:", web.port(), "/atlas"));
  start = absl::Now();
  const v1::PlatformCheck worst = Worst(Check("web"));
  EXPECT_EQ(worst.step(), "key");
  EXPECT_THAT(worst.reason(), ::testing::AnyOf("CONNECTION_LOST", "TIMED_OUT"));
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
}

// Takes any login as PostgreSQL does, and then says nothing more.
class SilentAfterLogin {
 public:
  SilentAfterLogin() {
    port_.Listen();
    thread_ = std::thread([this] {
      const Socket taken(accept4(port_.file(), nullptr, nullptr, SOCK_CLOEXEC));
      char text[1'000];
      while (read(taken.file(), text, sizeof(text)) > 0) {
        if (text[4] == 0x04) {  // the request for TLS
          EXPECT_EQ(write(taken.file(), "N", 1), 1);
        } else if (text[0] == 0) {  // the login: it is fine, and ready for queries
          EXPECT_EQ(write(taken.file(), "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", 15), 15);
        }
      }
    });
  }
  ~SilentAfterLogin() { thread_.join(); }
  uint16_t port() const { return port_.port(); }

 private:
  BoundPort port_;
  std::thread thread_;
};

TEST_F(DatabaseChecksTest, AServerThatTakesTheLoginAndFallsSilentHoldsUpNothing) {
  const SilentAfterLogin server;
  Add("silent", absl::StrCat("postgresql://cognate@127.0.0.1:", server.port(), "/atlas"));
  const absl::Time start = absl::Now();
  const v1::PlatformCheck worst = Worst(Check("silent"));
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  EXPECT_EQ(worst.step(), "key");
  EXPECT_EQ(worst.reason(), "TIMED_OUT") << worst.DebugString();
}

TEST_F(DatabaseChecksTest, TlsThatIsAskedForAndNotThereOrNotTrustedIsTold) {
  Add("plain", Tcp().Uri("?sslmode=require"), Tcp().password());
  const v1::CheckPlatformResponse plain = Check("plain");
  EXPECT_THAT(Told(plain), HasSubstr("connection, tls fails TLS_FAILED, key skipped"));
  EXPECT_THAT(Worst(plain).fix(), HasSubstr("ALTER SYSTEM SET ssl = on"));

  const test_support::TempDir folder("cgs");
  chmod(folder.path().c_str(), 0755);
  const Certificate served = MakeCertificate(folder, "served", "DNS:db.example.org", true);
  const Certificate other = MakeCertificate(folder, "other", "DNS:db.example.org", true);
  chmod(served.key.c_str(), 0640);
  EXPECT_OK(
      process::RunToEnd({.argv = {"/bin/sh", "-c", absl::StrCat("chgrp postgres ", served.key, " || true")},
                         .log_file = "/dev/null"},
                        absl::Seconds(10)));
  Tcp().Run(absl::StrCat("ALTER SYSTEM SET ssl_cert_file = '", served.certificate, "'"));
  Tcp().Run(absl::StrCat("ALTER SYSTEM SET ssl_key_file = '", served.key, "'"));
  Tcp().Run("ALTER SYSTEM SET ssl = on");
  Tcp().Run("SELECT pg_reload_conf()");
  ASSERT_TRUE(test_support::Eventually([&] {
    return ValueOrDie(ValueOrDie(postgres::Connection::Open(Tcp().server().Uri()))->QueryText("SHOW ssl"))
               .GetText(0, 0) == "on";
  })) << Tcp().server().Log();

  Add("open", Tcp().Uri("?sslmode=require"), Tcp().password());
  EXPECT_THAT(Step(Check("open"), "tls").message(), HasSubstr("TLSv1."));
  Add("untrusted", Tcp().Uri("?sslmode=verify-ca&sslrootcert=" + other.authority), Tcp().password());
  const v1::PlatformCheck untrusted = Worst(Check("untrusted"));
  EXPECT_EQ(untrusted.reason(), "TLS_FAILED");
  EXPECT_THAT(untrusted.fix(), HasSubstr(other.authority));
  Add("misnamed", Tcp().Uri("?sslmode=verify-full&sslrootcert=" + served.authority), Tcp().password());
  const v1::PlatformCheck misnamed = Worst(Check("misnamed"));
  EXPECT_EQ(misnamed.reason(), "TLS_FAILED");
  EXPECT_THAT(misnamed.message(), HasSubstr("does not match"));
  Add("named",
      absl::StrCat("host=db.example.org hostaddr=", Tcp().host(),
                   " user=cognate dbname=atlas sslmode=verify-full sslrootcert=", served.authority),
      Tcp().password());
  EXPECT_EQ(Step(Check("named"), "key").status(), v1::PLATFORM_CHECK_STATUS_OK);
  Tcp().Run("ALTER SYSTEM RESET ssl");
  Tcp().Run("SELECT pg_reload_conf()");
}

TEST_F(DatabaseChecksTest, RightsThatAreMissingComeWithTheLinesThatGiveThem) {
  const auto server =
      ValueOrDie(PostgresServer::Start({.settings = {"wal_level=replica", "max_replication_slots=1"}}));
  const auto admin = ValueOrDie(postgres::Connection::Open(server->Uri()));
  ASSERT_OK(admin->Execute("CREATE ROLE \"Sync\" LOGIN"));
  ASSERT_OK(admin->Execute("CREATE DATABASE shop"));
  ASSERT_OK(admin->Execute("SELECT pg_create_physical_replication_slot('standby')"));
  ASSERT_OK(ValueOrDie(postgres::Connection::Open(server->Uri("shop")))
                ->Execute("CREATE TABLE item (id int PRIMARY KEY)"));
  Add("shop", server->Uri("shop", "Sync"), "", "capture_mode: CAPTURE_MODE_REPLICATION");
  Analyze("shop");
  const v1::PlatformCheck rights = Worst(Check("shop"));
  EXPECT_EQ(rights.step(), "rights");
  EXPECT_EQ(rights.reason(), "INBOX_UNUSABLE");
  EXPECT_EQ(rights.fix(),
            "GRANT CREATE ON DATABASE shop TO \"Sync\";\n"
            "ALTER SYSTEM SET wal_level = 'logical'; -- and restart the server\n"
            "ALTER ROLE \"Sync\" REPLICATION;\n"
            "ALTER SYSTEM SET max_replication_slots = 11; -- and restart the server; or, if nobody needs it: "
            "SELECT "
            "pg_drop_replication_slot('standby');\n"
            "GRANT CREATE ON DATABASE shop TO \"Sync\";");
  ASSERT_OK(admin->Execute("ALTER SYSTEM SET wal_level = 'logical'"));
  ASSERT_OK(admin->Execute("ALTER SYSTEM SET max_replication_slots = 11"));
  ASSERT_OK(admin->Execute("ALTER ROLE \"Sync\" REPLICATION"));
  ASSERT_OK(admin->Execute("GRANT CREATE ON DATABASE shop TO \"Sync\""));
  server->Restart();
  EXPECT_EQ(Told(Check("shop")), kAllFine);

  // The inbox is there, and somebody else's.
  const auto owner = ValueOrDie(postgres::Connection::Open(server->Uri("shop")));
  ASSERT_OK(owner->Execute("CREATE SCHEMA cognate; CREATE TABLE cognate.inbox (entity_id uuid)"));
  EXPECT_EQ(Worst(Check("shop")).fix(),
            "GRANT USAGE, CREATE ON SCHEMA cognate TO \"Sync\";\n"
            "GRANT SELECT, INSERT, UPDATE ON cognate.inbox TO \"Sync\";");
  ASSERT_OK(
      owner->Execute("GRANT USAGE, CREATE ON SCHEMA cognate TO \"Sync\"; "
                     "GRANT SELECT, INSERT, UPDATE ON cognate.inbox TO \"Sync\""));
  EXPECT_EQ(Told(Check("shop")), kAllFine);
  ASSERT_OK(owner->Execute("ALTER ROLE \"Sync\" SET default_transaction_read_only = on"));
  EXPECT_EQ(Worst(Check("shop")).reason(), "DATABASE_READ_ONLY");
  EXPECT_EQ(Worst(Check("shop")).fix(), "ALTER ROLE \"Sync\" SET default_transaction_read_only = off;");
}

TEST_F(DatabaseChecksTest, ADriftedSchemaIsToldAndNothingIsStored) {
  const std::string uri = PostgresServer::Shared().CreateDatabase();
  const auto database = ValueOrDie(postgres::Connection::Open(uri));
  ASSERT_OK(database->Execute(
      "CREATE TABLE country (id int PRIMARY KEY, name text); CREATE TABLE city (id int PRIMARY "
      "KEY)"));
  Add("atlas", uri);
  Analyze("atlas");
  EXPECT_EQ(Told(Check("atlas")), kAllFine);
  ASSERT_OK(database->Execute("CREATE TABLE river (id int PRIMARY KEY)"));
  const v1::PlatformCheck added = Worst(Check("atlas"));
  EXPECT_EQ(added.status(), v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(added.message(), "public.river is new");
  ASSERT_OK(database->Execute(
      "ALTER TABLE country DROP COLUMN name; ALTER TABLE country ADD COLUMN code text NOT NULL; "
      "DROP TABLE city"));
  for (int time = 0; time < 2; ++time) {
    const v1::PlatformCheck changed = Worst(Check("atlas"));
    EXPECT_EQ(changed.reason(), "SCHEMA_CHANGED");
    EXPECT_EQ(changed.message(),
              "public.city is gone; public.country has no field name; public.country has a field code, text");
    EXPECT_EQ(changed.fix(), "cognate platform analyze atlas");
  }
  Analyze("atlas");
  EXPECT_EQ(Told(Check("atlas")), kAllFine);
}

TEST_F(DatabaseChecksTest, AClockThatIsOffIsWarnedOfAndThenRefused) {
  const auto server = ValueOrDie(PostgresServer::Start({.clock = "+60s"}));
  ASSERT_OK(ValueOrDie(postgres::Connection::Open(server->Uri()))
                ->Execute("CREATE TABLE item (id int PRIMARY KEY)"));
  Add("atlas", server->Uri());
  Analyze("atlas");
  const v1::PlatformCheck warned = Step(Check("atlas"), "clock");
  EXPECT_EQ(warned.status(), v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(warned.reason(), "CLOCK_SKEW");
  EXPECT_THAT(warned.message(), HasSubstr("ahead of ours"));
  server->SetClock("-10m");
  const v1::CheckPlatformResponse failed = Check("atlas");
  EXPECT_THAT(Told(failed),
              HasSubstr("key, clock fails CLOCK_SKEW, schema skipped, rights skipped, delivery"));
  EXPECT_THAT(Worst(failed).message(), HasSubstr("behind ours"));
  server->SetClock("+0s");
  EXPECT_EQ(Told(Check("atlas")), kAllFine);
}

TEST_F(DatabaseChecksTest, ALockIsToldEvenWhenTheDatabaseIsAway) {
  const BoundPort closed;
  Add("shop", absl::StrCat("postgresql://cognate@127.0.0.1:", closed.port(), "/shop"));
  Update("shop", "lock { reason: 'the database is being moved' }", "lock");
  const v1::PlatformCheck delivery = Step(Check("shop"), "delivery");
  EXPECT_EQ(delivery.status(), v1::PLATFORM_CHECK_STATUS_WARNING);
  EXPECT_EQ(delivery.reason(), "PLATFORM_LOCKED");
  EXPECT_EQ(delivery.message(), "the database is being moved");
  EXPECT_EQ(delivery.fix(), "cognate platform unlock shop");
}

TEST_F(DatabaseChecksTest, AServerThatStopsAnsweringIsGivenUpAndTheRegistryGoesOn) {
  const auto server = ValueOrDie(PostgresServer::Start());
  Add("atlas", server->Uri());
  server->Pause();
  const absl::Time start = absl::Now();
  const v1::CheckPlatformResponse response = Check("atlas");
  server->Resume();
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  EXPECT_EQ(Worst(response).status(), v1::PLATFORM_CHECK_STATUS_FAILED) << response.DebugString();
  EXPECT_EQ(Worst(response).reason(), "TIMED_OUT");
}

}  // namespace
}  // namespace cognate::platform_registry
