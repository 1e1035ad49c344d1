#include "tests/cluster/cluster.h"

#include <fstream>
#include <sstream>

#include <unistd.h>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/grpc/channel.h"
#include "common/grpc/client_trust.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"

namespace cognate::cluster {
namespace {

constexpr char kEverything[] = "cognate";

struct Program {
  const char* name;
  const char* address_variable;  // How the others are told where it is.
  const char* service;           // As the health service calls it.
  bool owns_schema;
};
constexpr Program kPrograms[] = {
    {"platform-registry", "COGNATE_REGISTRY", "cognate.v1.LedgerService", true},
    {"change-capture", "COGNATE_CHANGE_CAPTURE", "cognate.v1.ChangeCaptureService", true},
    {"transformer", "COGNATE_TRANSFORMER", "cognate.v1.TransformerService", false},
    {"delivery", "COGNATE_DELIVERY", "cognate.v1.DeliveryService", true},
    {"feedback", "COGNATE_FEEDBACK", "cognate.v1.FeedbackService", true},
    {"file-transfer", "COGNATE_FILE_TRANSFER", "cognate.v1.FileTransferService", true}};
constexpr char kSecond[] = "-2";
constexpr char kServiceKey[] = "the-key-of-the-services-of-a-test-cluster";

// The program of a process, which may be a second replica.
std::string ProgramOf(absl::string_view name) { return std::string(absl::StripSuffix(name, kSecond)); }

bool Serves(const std::string& address, const std::string& service, absl::Duration timeout) {
  const auto stub = grpc::health::v1::Health::NewStub(grpc_support::MakeChannel(address));
  return test_support::Eventually(
      [&] {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
        // The library gets on with a handshake while a call waits for it; this process has no server that
        // would.
        context.set_wait_for_ready(true);
        grpc::health::v1::HealthCheckRequest request;
        request.set_service(service);
        grpc::health::v1::HealthCheckResponse response;
        return stub->Check(&context, request, &response).ok() &&
               response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
      },
      timeout);
}

}  // namespace

Cluster::Cluster(Shape shape, bool durable, Route route, Servers servers)
    : shape_(shape),
      route_(std::move(route)),
      programs_(servers.programs.empty() ? test_support::BinDirectory() : std::move(servers.programs)),
      directory_("cgc"),
      uri_(std::move(servers.postgres_uri)),
      redis_address_(std::move(servers.redis_address)) {
  if (!StartServers(durable)) return;
  if (UsesTcp()) {
    for (const std::string& name : names()) ports_[name] = test_support::FreePort();
    PrepareTrust();
  }
  if (shape_ != Shape::kOneProcess) Migrate();
  for (const std::string& name : names()) Start(name);
}

void Cluster::Migrate() {
  for (const Program& program : kPrograms) {
    if (!program.owns_schema) continue;
    process::Command migrate = CommandOf(program.name);
    migrate.argv.insert(migrate.argv.begin() + 1, "migrate");
    EXPECT_EQ(process::RunToEnd(migrate, test_support::kPatience), absl::OkStatus()) << LogOf(program.name);
  }
}

// Those that nobody brought.
bool Cluster::StartServers(bool durable) {
  if (uri_.empty()) {
    auto postgres =
        test_support::PostgresServer::Start({.durable = durable, .settings = {"max_connections=150"}});
    EXPECT_TRUE(postgres.ok()) << postgres.status();
    if (!postgres.ok()) return false;
    postgres_ = *std::move(postgres);
    uri_ = postgres_->CreateDatabase("cognate");
  }
  if (redis_address_.empty()) {
    auto redis = test_support::RedisServer::Start();
    EXPECT_TRUE(redis.ok()) << redis.status();
    if (!redis.ok()) return false;
    redis_ = *std::move(redis);
    redis_address_ = redis_->address();
  }
  return true;
}

Cluster::~Cluster() {
  for (auto& [name, process] : processes_) {
    ExpectNoErrorOf(name);
    process.Kill();
  }
  EXPECT_EQ(grpc_support::SetClientTrust({}), absl::OkStatus());
}

void Cluster::PrepareTrust() {
  grpc_support::ClientTrust own;
  if (shape_ != Shape::kCertified) {
    SetServiceKeys({ServiceKey()});
    own.authorization = absl::StrCat("Bearer ", kServiceKey);
  }
  if (UsesTls()) {
    authority_ = std::make_unique<test_support::Authority>();
    test_support::ReplaceFile(TrustFile("ca.pem"), authority_->Certificate());
    RenewCertificate();
    own.ca_file = TrustFile("ca.pem");
  }
  if (shape_ == Shape::kCertified) {
    own.certificate_file = TrustFile("node.pem");
    own.key_file = TrustFile("node.key");
  }
  EXPECT_EQ(grpc_support::SetClientTrust(std::move(own)), absl::OkStatus());
}

void Cluster::RenewCertificate() { authority_->IssueInto(TrustFile("node")); }

void Cluster::SetServiceKeys(const std::vector<std::string>& keys) {
  test_support::ReplaceFile(TrustFile("service.key"), absl::StrCat(absl::StrJoin(keys, "\n"), "\n"));
}

std::string Cluster::ServiceKey() { return kServiceKey; }

std::vector<std::pair<std::string, std::string>> Cluster::TrustEnvironment() const {
  if (!UsesTcp()) return {};
  if (shape_ == Shape::kTwoEach)
    return {{"COGNATE_SERVICE_KEY_FILE", TrustFile("service.key")}, {"COGNATE_PLAINTEXT", "true"}};
  const bool has_key = shape_ == Shape::kTrusted;
  return {{"COGNATE_TLS_CERTIFICATE_FILE", TrustFile("node.pem")},
          {"COGNATE_TLS_KEY_FILE", TrustFile("node.key")},
          {"COGNATE_TLS_CA_FILE", TrustFile("ca.pem")},
          has_key ? std::pair("COGNATE_SERVICE_KEY_FILE", TrustFile("service.key"))
                  : std::pair("COGNATE_TLS_CLIENT_CA_FILE", TrustFile("ca.pem"))};
}

std::vector<std::string> Cluster::names() const {
  if (shape_ == Shape::kOneProcess) return {kEverything};
  std::vector<std::string> names;
  for (const Program& program : kPrograms) names.push_back(program.name);
  if (shape_ != Shape::kTwoEach) return names;
  for (const Program& program : kPrograms) names.push_back(absl::StrCat(program.name, kSecond));
  return names;
}

std::string Cluster::Address(const std::string& name) const {
  const auto port = ports_.find(name);
  if (port != ports_.end()) return absl::StrCat("127.0.0.1:", port->second);
  return absl::StrCat(
      "unix:", directory_.File(absl::StrCat(shape_ == Shape::kOneProcess ? kEverything : name, ".sock")));
}

std::string Cluster::PeerAddress(const std::string& service) const {
  const std::string second = absl::StrCat(service, kSecond);
  if (!ports_.contains(second)) return Address(service);
  return absl::StrCat("ipv4:", Address(service), ",", Address(second));
}

std::string Cluster::LogPath(const std::string& name) const {
  return directory_.File(absl::StrCat(name, ".log"));
}

std::vector<std::string> Cluster::Arguments(const std::string& name) const {
  std::vector<std::string> arguments = {absl::StrCat(programs_, "/", ProgramOf(name)),
                                        absl::StrCat("--listen=", Address(name)), "--admin=127.0.0.1:0"};
  if (name != kEverything) return arguments;
  const std::vector<std::string> own = {"up", absl::StrCat("--data-dir=", directory_.File("data")),
                                        absl::StrCat("--postgres=", uri_),
                                        absl::StrCat("--redis=", redis_address_)};
  arguments.insert(arguments.begin() + 1, own.begin(), own.end());
  return arguments;
}

// A service takes from the environment what it needs of this.
process::Command Cluster::CommandOf(const std::string& name) const {
  process::Command command{.argv = Arguments(name), .log_file = LogPath(name)};
  command.environment = {{"COGNATE_FILE_ROOTS", FileRoot()}};
  if (shape_ == Shape::kOneProcess) return command;
  const auto reach = [&](const std::string& to, const std::string& address) {
    return route_ ? route_(name, to, address) : address;
  };
  command.environment = {{"COGNATE_POSTGRES_URI", reach("postgres", uri_)},
                         {"COGNATE_REDIS_ADDRESS", reach("redis", redis_address_)},
                         {"COGNATE_ADVERTISE_ADDRESS", Address(name)},
                         {"COGNATE_FILE_STORE", FileStore()},
                         {"COGNATE_FILE_ROOTS", FileRoot()},
                         {"COGNATE_TRANSFORMER_INSTANCE", name}};
  for (auto& setting : TrustEnvironment()) command.environment.push_back(std::move(setting));
  for (const Program& program : kPrograms) {
    command.environment.emplace_back(program.address_variable,
                                     reach(program.name, PeerAddress(program.name)));
  }
  return command;
}

void Cluster::Start(const std::string& name) {
  auto spawned = process::Process::Spawn(CommandOf(name));
  ASSERT_TRUE(spawned.ok()) << spawned.status();
  processes_[name] = *std::move(spawned);
}

void Cluster::Kill(const std::string& name) {
  ExpectNoErrorOf(name);
  processes_[name].Kill();
}

void Cluster::ExpectNoErrorOf(const std::string& name) {
  const int code = processes_[name].Wait(absl::ZeroDuration()).value_or(0);
  EXPECT_TRUE(code == 0 || code == 128 + SIGKILL) << name << " has ended with " << code << ":\n"
                                                  << LogOf(name);
}

int Cluster::Terminate(const std::string& name) {
  return processes_[name].Terminate(test_support::kPatience);
}

std::shared_ptr<grpc::Channel> Cluster::ChannelTo(const std::string& service) {
  return grpc_support::MakeChannel(PeerAddress(service));
}

bool Cluster::WaitUntilServing(absl::Duration timeout) {
  for (const Program& program : kPrograms) {
    for (const std::string& name : {std::string(program.name), absl::StrCat(program.name, kSecond)}) {
      if (name != program.name && !ports_.contains(name)) continue;
      if (Serves(Address(name), program.service, timeout)) continue;
      ADD_FAILURE() << name << " is not serving; its log ends with:\n"
                    << LogOf(shape_ == Shape::kOneProcess ? kEverything : name);
      return false;
    }
  }
  return true;
}

int64_t Cluster::ResidentBytes() const {
  int64_t bytes = 0;
  for (const auto& [name, process] : processes_) {
    std::ifstream statm(absl::StrCat("/proc/", process.pid(), "/statm"));
    int64_t total = 0;
    int64_t resident = 0;
    if (statm >> total >> resident) bytes += resident * sysconf(_SC_PAGESIZE);
  }
  return bytes;
}

std::vector<std::string> Cluster::WhereTheyAre() const {
  if (shape_ == Shape::kOneProcess) return {absl::StrCat("--address=", Address(kEverything))};
  std::vector<std::string> options;
  for (const Program& program : kPrograms) {
    std::string option = absl::AsciiStrToLower(absl::StripPrefix(program.address_variable, "COGNATE_"));
    absl::c_replace(option, '_', '-');
    options.push_back(absl::StrCat("--", option, "=", PeerAddress(program.name)));
  }
  return options;
}

std::vector<std::string> Cluster::TrustOptions() const {
  if (!UsesTcp()) return {};
  if (shape_ == Shape::kTwoEach) return {"--key-file=" + TrustFile("service.key")};
  const std::string trust = "--tls-ca-file=" + TrustFile("ca.pem");
  if (shape_ == Shape::kTrusted) return {trust, "--key-file=" + TrustFile("service.key")};
  return {trust, "--tls-certificate-file=" + TrustFile("node.pem"),
          "--tls-key-file=" + TrustFile("node.key")};
}

Cluster::Ran Cluster::RunAs(const std::vector<std::string>& trust, std::vector<std::string> words) {
  const std::string log = absl::StrCat(directory(), "/command-", ++commands_);
  std::vector<std::string> options = WhereTheyAre();
  options.insert(options.end(), trust.begin(), trust.end());
  words.insert(words.begin(), options.begin(), options.end());
  words.insert(words.begin(), test_support::Program("cognate"));
  auto spawned = process::Process::Spawn({.argv = std::move(words), .log_file = log});
  EXPECT_TRUE(spawned.ok()) << spawned.status();
  Ran ran;
  ran.code = spawned->Wait(test_support::kPatience).value_or(-1);
  std::ifstream file(log);
  std::stringstream text;
  text << file.rdbuf();
  ran.output = text.str();
  return ran;
}

std::string Cluster::LogOf(const std::string& name) const {
  std::ifstream file(LogPath(name));
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.size() <= 4000 ? all : all.substr(all.size() - 4000);
}

}  // namespace cognate::cluster
