// Who is let in over TLS, over plaintext and over sockets, with real servers, certificates and channels.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <grpcpp/security/auth_context.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/access/secret_text.h"
#include "common/grpc/channel.h"
#include "common/grpc/client_trust.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::Authority;
using ::cognate::test_support::Eventually;
using ::cognate::test_support::IsOk;
using ::cognate::test_support::IsOkAndHolds;
using ::cognate::test_support::ReplaceFile;
using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Stub = v1::PlatformRegistryService::Stub;
using Channel = std::shared_ptr<grpc::Channel>;

constexpr char kServiceKey[] = "0123456789abcdef0123456789abcdef";
constexpr char kNextServiceKey[] = "fedcba9876543210fedcba9876543210";

class TransportTest : public ::testing::Test {
 protected:
  TransportTest() {
    ReplaceFile(ca_, authority_.Certificate());
    authority_.IssueInto(server_);
  }
  ~TransportTest() override { EXPECT_THAT(SetClientTrust({}), IsOk()); }

  void Serve(HostOptions options, std::vector<std::string> service_keys = {kServiceKey}) {
    access::GateOptions gate;
    gate.service_keys = std::move(service_keys);
    gate.verify = [this](const std::string& secret, const std::string&) -> absl::StatusOr<v1::Principal> {
      if (secret != viewers_key_) return absl::UnauthenticatedError("unknown");
      v1::Principal principal;
      principal.set_name("keys/reader");
      principal.set_role(v1::ROLE_VIEWER);
      return principal;
    };
    gate_ = std::make_unique<access::Gate>(std::move(gate), Clock::Real());
    registry_ = std::make_unique<FakeRegistry>(metrics_, RpcBoundary::Options(), gate_.get());
    registry_->handler = [](const Rpc& rpc, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
      v1::Platform platform;
      platform.set_name(rpc.principal().name());
      return platform;
    };
    host_ = ValueOrDie(Host::Start(options, {registry_.get()}));
  }
  void ServeTls(bool with_client_ca = false) {
    Serve({.tls = {server_ + ".pem", server_ + ".key", with_client_ca ? ca_ : ""}, .plaintext = false});
  }

  // Whom the server takes the caller for.
  absl::StatusOr<std::string> WhoAmI(const Channel& channel, const std::string& authorization = "") {
    const auto stub = v1::PlatformRegistryService::NewStub(channel);
    auto answer = Call(*stub, &Stub::GetPlatform, v1::GetPlatformRequest(),
                       {.timeout = absl::Seconds(10), .authorization = authorization});
    if (!answer.ok()) return answer.status();
    return answer->platform().name();
  }
  // As a process that trusts and shows this.
  absl::StatusOr<std::string> WhoAmI(ClientTrust trust) {
    const absl::Status set = SetClientTrust(std::move(trust));
    if (!set.ok()) return set;
    return WhoAmI(MakeChannel(host_->address()));
  }

  // The certificate that the server shows on this connection.
  std::string Shown(const Channel& channel) {
    const auto stub = v1::PlatformRegistryService::NewStub(channel);
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", kServiceKey));
    v1::GetPlatformResponse response;
    const grpc::Status status = stub->GetPlatform(&context, v1::GetPlatformRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const auto shown = context.auth_context()->FindPropertyValues("x509_pem_cert");
    return shown.empty() ? "" : std::string(shown.front().data(), shown.front().size());
  }

  static std::string TextOf(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const std::string viewers_key_ = access::MakeSecret(access::kKeyPrefix).text;
  test_support::TempDir directory_;
  Authority authority_;
  Authority other_;
  const std::string ca_ = directory_.File("ca.pem");
  const std::string server_ = directory_.File("server");
  const std::string client_ = directory_.File("client");
  metrics::Registry metrics_;
  std::unique_ptr<access::Gate> gate_;
  std::unique_ptr<FakeRegistry> registry_;
  std::unique_ptr<Host> host_;
};

// As a killed process does.
void LeaveSocket(const std::string& path) {
  const int handle = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(handle);
}

constexpr char kBearer[] = "Bearer 0123456789abcdef0123456789abcdef";

TEST_F(TransportTest, ServesThoseWhoTrustItsAuthority) {
  ServeTls();
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .authorization = kBearer}), IsOkAndHolds("services"));
}

TEST_F(TransportTest, IsNotTrustedUnderAnotherAuthorityOrNameOrWhenItHasExpired) {
  ReplaceFile(directory_.File("other.pem"), other_.Certificate());
  ServeTls();
  EXPECT_THAT(WhoAmI({.ca_file = directory_.File("other.pem"), .authorization = kBearer}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(WhoAmI({.ca_file = "system", .authorization = kBearer}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(WhoAmI({.authorization = kBearer}), StatusIs(absl::StatusCode::kUnavailable)) << "plaintext";
  authority_.IssueInto(server_, {.names = {"elsewhere.example"}});
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .authorization = kBearer}), StatusIs(absl::StatusCode::kUnavailable));
  authority_.IssueInto(server_, {.valid_for = -absl::Minutes(1)});
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .authorization = kBearer}), StatusIs(absl::StatusCode::kUnavailable));
  authority_.IssueInto(server_);
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .authorization = kBearer}), IsOkAndHolds("services"));
}

TEST_F(TransportTest, ACertificateMakesAServiceAndWithoutOneTheKeySaysWho) {
  ServeTls(true);
  authority_.IssueInto(client_, {.names = {"transformer"}});
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .certificate_file = client_ + ".pem", .key_file = client_ + ".key"}),
              IsOkAndHolds("services"));
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .authorization = absl::StrCat("Bearer ", viewers_key_)}),
              IsOkAndHolds("keys/reader"));
  const auto nobody = WhoAmI({.ca_file = ca_});
  EXPECT_THAT(nobody, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(nobody.status()), "KEY_MISSING");
}

TEST_F(TransportTest, ACertificateOfAnotherAuthorityEndsTheConnection) {
  ServeTls(true);
  other_.IssueInto(client_, {.names = {"transformer"}});
  EXPECT_THAT(WhoAmI({.ca_file = ca_,
                      .certificate_file = client_ + ".pem",
                      .key_file = client_ + ".key",
                      .authorization = kBearer}),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TransportTest, ACertificateThatNobodyAskedForSaysNothing) {
  ServeTls(false);
  authority_.IssueInto(client_, {.names = {"transformer"}});
  EXPECT_THAT(WhoAmI({.ca_file = ca_, .certificate_file = client_ + ".pem", .key_file = client_ + ".key"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(TransportTest, ANewCertificateCountsForNewConnectionsAndOldOnesLiveOn) {
  ServeTls();
  ASSERT_THAT(SetClientTrust({.ca_file = ca_}), IsOk());
  const Channel before = MakeChannel(host_->address());
  const std::string first = TextOf(server_ + ".pem");
  EXPECT_EQ(Shown(before), first);
  authority_.IssueInto(server_);
  const std::string second = TextOf(server_ + ".pem");
  ASSERT_NE(first, second);
  EXPECT_TRUE(Eventually([&] { return Shown(MakeChannel(host_->address())) == second; }));
  EXPECT_EQ(Shown(before), first) << "the same connection";
}

TEST_F(TransportTest, WhatCannotBeUsedLeavesTheCertificateBeforeAndIsTold) {
  ServeTls();
  ASSERT_THAT(SetClientTrust({.ca_file = ca_}), IsOk());
  const std::string first = TextOf(server_ + ".pem");
  const std::string key = TextOf(server_ + ".key");
  ::testing::internal::CaptureStderr();
  ReplaceFile(server_ + ".pem", "junk");
  EXPECT_EQ(Shown(MakeChannel(host_->address())), first);
  ReplaceFile(server_ + ".pem", authority_.Issue().certificate);
  EXPECT_EQ(Shown(MakeChannel(host_->address())), first) << "the key is not of it";
  std::filesystem::remove(server_ + ".pem");
  EXPECT_EQ(Shown(MakeChannel(host_->address())), first);
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, HasSubstr("the certificate before is kept"));
  EXPECT_THAT(told, Not(HasSubstr(key.substr(30, 40))));
  authority_.IssueInto(server_);
  EXPECT_EQ(Shown(MakeChannel(host_->address())), TextOf(server_ + ".pem"));
}

TEST_F(TransportTest, ACallersNewFilesCountForItsNewConnections) {
  ServeTls(true);
  other_.IssueInto(client_, {.names = {"transformer"}});
  ASSERT_THAT(
      SetClientTrust({.ca_file = ca_, .certificate_file = client_ + ".pem", .key_file = client_ + ".key"}),
      IsOk());
  EXPECT_THAT(WhoAmI(MakeChannel(host_->address())), StatusIs(absl::StatusCode::kUnavailable));
  authority_.IssueInto(client_, {.names = {"transformer"}});
  EXPECT_TRUE(Eventually([&] { return WhoAmI(MakeChannel(host_->address())).ok(); }));
}

TEST_F(TransportTest, ACallersFileThatCannotBeUsedHurtsUntilItIsMended) {
  ServeTls();
  ASSERT_THAT(SetClientTrust({.ca_file = ca_, .authorization = kBearer}), IsOk());
  const Channel before = MakeChannel(host_->address());
  EXPECT_THAT(WhoAmI(before), IsOk());
  ReplaceFile(ca_, "junk");
  EXPECT_TRUE(Eventually([&] { return !WhoAmI(MakeChannel(host_->address())).ok(); }));
  EXPECT_THAT(WhoAmI(before), IsOk());
  ReplaceFile(ca_, authority_.Certificate());
  EXPECT_TRUE(Eventually([&] { return WhoAmI(MakeChannel(host_->address())).ok(); }));
}

TEST_F(TransportTest, RefusesPlaintextUnlessItIsSaid) {
  const auto refused = Host::Start({.addresses = {"127.0.0.1:0"}, .plaintext = false}, {});
  EXPECT_THAT(refused.status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused.status()), "PLAINTEXT_REFUSED");
  for (const char* way : {"--tls-certificate-file", "--listen unix:", "--plaintext"})
    EXPECT_THAT(refused.status().message(), HasSubstr(way));
  EXPECT_THAT(CheckTransport({.addresses = {"unix:/tmp/x", "[::]:7400"}, .plaintext = false}), Not(IsOk()));
  EXPECT_THAT(CheckTransport({.addresses = {"unix:/tmp/x"}, .plaintext = false}), IsOk());
  EXPECT_THAT(CheckTransport({.addresses = {"[::]:7400"}, .plaintext = true}), IsOk());
}

TEST_F(TransportTest, TheServiceKeyIsNeededAndCanBeChanged) {
  Serve({}, {kNextServiceKey, kServiceKey});
  EXPECT_THAT(WhoAmI({.authorization = absl::StrCat("Bearer ", kServiceKey)}), IsOkAndHolds("services"));
  EXPECT_THAT(WhoAmI({.authorization = absl::StrCat("Bearer ", kNextServiceKey)}), IsOkAndHolds("services"));
  EXPECT_THAT(WhoAmI({.authorization = "Bearer 0123456789abcdef0123456789abcdeX"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(WhoAmI(ClientTrust()), StatusIs(absl::StatusCode::kUnauthenticated));
  host_.reset();
  Serve({}, {kNextServiceKey});
  EXPECT_THAT(WhoAmI({.authorization = absl::StrCat("Bearer ", kServiceKey)}),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(TransportTest, WhatACallBringsItselfCountsBeforeWhatTheProcessShows) {
  Serve({});
  ASSERT_THAT(SetClientTrust({.authorization = kBearer}), IsOk());
  const Channel channel = MakeChannel(host_->address());
  EXPECT_THAT(WhoAmI(channel), IsOkAndHolds("services"));
  EXPECT_THAT(WhoAmI(channel, absl::StrCat("Bearer ", viewers_key_)), IsOkAndHolds("keys/reader"));
  EXPECT_THAT(WhoAmI(channel, "Bearer wrong"), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(TransportTest, AKeyLeavesTheMachineOverTlsOrWhereItIsSaid) {
  ASSERT_THAT(SetClientTrust({.authorization = kBearer}), IsOk());
  for (const char* address : {"127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/tmp/x"})
    EXPECT_EQ(ApproachTo(address).authorization, kBearer) << address;
  for (const char* address : {"registry:7401", "10.0.0.1:7401", "dns:///registry:7401"})
    EXPECT_THAT(ApproachTo(address).authorization, IsEmpty()) << address;
  ASSERT_THAT(SetClientTrust({.authorization = kBearer, .plaintext = true}), IsOk());
  EXPECT_EQ(ApproachTo("registry:7401").authorization, kBearer);
  ASSERT_THAT(SetClientTrust({.ca_file = ca_, .authorization = kBearer}), IsOk());
  EXPECT_EQ(ApproachTo("registry:7401").authorization, kBearer);
}

TEST_F(TransportTest, NamesTheFileThatCannotBeUsed) {
  const auto refused = [&](const TlsFiles& files) {
    const absl::Status status = Host::Start({.tls = files, .plaintext = false}, {}).status();
    EXPECT_EQ(ErrorReason(status), "TLS_FILES_INVALID") << status;
    return ErrorMetadata(status, "file");
  };
  const std::string certificate = server_ + ".pem", key = server_ + ".key";
  authority_.IssueInto(client_);
  EXPECT_EQ(refused({certificate, directory_.File("nothing"), ""}), directory_.File("nothing"));
  EXPECT_EQ(refused({certificate, client_ + ".key", ""}), client_ + ".key");
  EXPECT_EQ(refused({key, key, ""}), key);
  EXPECT_EQ(refused({certificate, key, key}), key);
  ReplaceFile(directory_.File("encrypted"),
              "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_EQ(refused({certificate, directory_.File("encrypted"), ""}), directory_.File("encrypted"));
  EXPECT_EQ(ErrorReason(SetClientTrust({.ca_file = key})), "TLS_FILES_INVALID");
}

TEST_F(TransportTest, ASocketIsForItsUserAloneAndNeedsNoKey) {
  const std::string path = directory_.File("host.sock");
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
  Serve({.addresses = {"unix:" + path}, .plaintext = false});
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_THAT(WhoAmI(ClientTrust()), IsOkAndHolds("local"));
  EXPECT_THAT(WhoAmI({.authorization = absl::StrCat("Bearer ", viewers_key_)}), IsOkAndHolds("keys/reader"));
  struct stat made {};
  std::ofstream(directory_.File("after")) << "x";
  ASSERT_EQ(stat(directory_.File("after").c_str(), &made), 0);
  EXPECT_NE(made.st_mode & 0777, 0600U) << "other files are as before";
}

TEST_F(TransportTest, ASocketThatIsInUseOrTooLongIsNotTaken) {
  const std::string address = "unix:" + directory_.File("host.sock");
  Serve({.addresses = {address}});
  EXPECT_THAT(Host::Start({.addresses = {address}}, {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another process")));
  EXPECT_THAT(WhoAmI(ClientTrust()), IsOkAndHolds("local"));
  host_.reset();
  LeaveSocket(directory_.File("host.sock"));
  Serve({.addresses = {address}});
  EXPECT_THAT(WhoAmI(ClientTrust()), IsOkAndHolds("local"));
  EXPECT_THAT(Host::Start({.addresses = {"unix:/tmp/" + std::string(120, 'x')}}, {}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("107")));
}

}  // namespace
}  // namespace cognate::grpc_support
