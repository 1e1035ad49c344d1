// The gateway as a process of its own.
#include "tests/end_to_end/gateway_process.h"

#include <arpa/inet.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "common/grpc/host.h"
#include "common/sync/mutex.h"
#include "tests/cluster/cluster.h"
#include "tests/end_to_end/gateway_fixture.h"

namespace cognate {
namespace {

using cluster::Cluster;
using cluster::Shape;
using test_support::Eventually;
using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::IsOk;
using test_support::ValueOrDie;

HttpAnswer ListPlatforms(const std::string& address, const std::string& ca_file, const std::string& key) {
  HttpCall call;
  call.url = absl::StrCat(ca_file.empty() ? "http://" : "https://", address,
                          "/cognate.v1.PlatformRegistryService/ListPlatforms");
  call.headers = {"content-type: application/json"};
  if (!key.empty()) call.headers.push_back(absl::StrCat("authorization: Bearer ", key));
  call.body = "{}";
  call.ca_file = ca_file;
  call.http2 = !ca_file.empty();
  return HttpClient().Call(call);
}

std::string MakeKey(const std::shared_ptr<grpc::Channel>& registry, v1::Role role) {
  v1::CreateKeyRequest request;
  request.mutable_key()->set_role(role);
  const auto keys = v1::KeyService::NewStub(registry);
  return ValueOrDie(grpc_support::Call(*keys, &v1::KeyService::Stub::CreateKey, request,
                                       {.timeout = test_support::kPatience}))
      .secret();
}

TEST(GatewayProcessTest, CallsForOthersOverTlsAndShowsThatItIsAService) {
  Cluster cluster(Shape::kTrusted);
  ASSERT_TRUE(cluster.WaitUntilServing());
  const test_support::TempDir directory("cgp");
  std::vector<std::string> arguments = Peers(cluster);
  for (const char* file : {"tls-certificate-file=node.pem", "tls-key-file=node.key", "tls-ca-file=ca.pem"}) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(file, '=');
    arguments.push_back(absl::StrCat("--", parts.first, "=", cluster.TrustFile(parts.second)));
  }
  std::vector<std::string> with_key = arguments;
  with_key.push_back(absl::StrCat("--service-key-file=", cluster.TrustFile("service.key")));
  const std::string key = MakeKey(cluster.ChannelTo("platform-registry"), v1::ROLE_VIEWER);
  const std::string ca = cluster.TrustFile("ca.pem");
  {
    GatewayProcess gateway(directory, with_key);
    const HttpAnswer answer = ListPlatforms(gateway.address(), ca, key);
    EXPECT_EQ(answer.status, 200) << answer.error << answer.body;
    EXPECT_EQ(answer.version, 2);
    EXPECT_EQ(ReasonOf(ListPlatforms(gateway.address(), ca, "")), "KEY_MISSING");
    EXPECT_EQ(ReasonOf(ListPlatforms(gateway.address(), ca, key + "x")), "KEY_INVALID");
    EXPECT_EQ(ListPlatforms(gateway.address(), ca, Cluster::ServiceKey()).status, 200)
        << "whoever has the services' key may do everything";
    EXPECT_EQ(gateway.process().Terminate(test_support::kPatience), 0) << gateway.log();
  }
  // One that cannot show that it is a service is believed nothing.
  const test_support::TempDir other("cgp");
  GatewayProcess stranger(other, arguments);
  EXPECT_EQ(ReasonOf(ListPlatforms(stranger.address(), ca, key)), "KEY_MISSING");
}

TEST(GatewayProcessTest, ServicesThatAreGoneAreSaidToBeAndFoundAgain) {
  Cluster cluster(Shape::kOneEach);
  ASSERT_TRUE(cluster.WaitUntilServing());
  const test_support::TempDir directory("cgp");
  GatewayProcess gateway(directory, Peers(cluster));
  const std::string key = MakeKey(cluster.ChannelTo("platform-registry"), v1::ROLE_VIEWER);
  EXPECT_EQ(ListPlatforms(gateway.address(), "", key).status, 200);
  EXPECT_EQ(ReasonOf(ListPlatforms(gateway.address(), "", "")), "KEY_MISSING");
  cluster.Kill("platform-registry");
  EXPECT_TRUE(Eventually([&] {
    const HttpAnswer answer = ListPlatforms(gateway.address(), "", key);
    return answer.status == 503 && ReasonOf(answer) == "SERVICE_UNAVAILABLE";
  }));
  cluster.Start("platform-registry");
  EXPECT_TRUE(Eventually([&] { return ListPlatforms(gateway.address(), "", key).status == 200; }));
}

// Answers when it is told so, and holds no thread until then.
class LateDelivery final : public v1::DeliveryService::WithCallbackMethod_Pull<v1::DeliveryService::Service> {
 public:
  grpc::ServerUnaryReactor* Pull(grpc::CallbackServerContext* context, const v1::PullRequest*,
                                 v1::PullResponse*) override {
    MutexLock lock(&mutex_);
    waiting_.push_back(context->DefaultReactor());
    return waiting_.back();
  }

  size_t waiting() {
    MutexLock lock(&mutex_);
    return waiting_.size();
  }
  void Answer() {
    MutexLock lock(&mutex_);
    for (grpc::ServerUnaryReactor* call : waiting_) call->Finish(grpc::Status::OK);
    waiting_.clear();
  }

 private:
  Mutex mutex_;
  std::vector<grpc::ServerUnaryReactor*> waiting_ ABSL_GUARDED_BY(mutex_);
};

// A connection with one long poll on it.
class Poll {
 public:
  Poll(const std::string& address, int seconds) : handle_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in target = {};
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    EXPECT_EQ(connect(handle_, reinterpret_cast<const sockaddr*>(&target), sizeof(target)), 0);
    const std::string body = absl::StrCat(R"({"platform":"shop","wait":")", seconds, R"(s"})");
    const std::string request = absl::StrCat(
        "POST /cognate.v1.DeliveryService/Pull HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        "Authorization: Bearer cgk_0123456789abcdef0123456789abcdef\r\nConnect-Timeout-Ms: 290000\r\n"
        "Content-Length: ",
        body.size(), "\r\n\r\n", body);
    EXPECT_EQ(send(handle_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
  }
  ~Poll() { close(handle_); }
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  bool IsAnswered() const {
    char text[64] = {};
    return recv(handle_, text, sizeof(text) - 1, 0) > 0 && absl::StartsWith(text, "HTTP/1.1 200 ");
  }

 private:
  const int handle_;
};

TEST(GatewayProcessTest, AThousandIdlePollsCostLittle) {
  constexpr size_t kPolls = 1000;
  rlimit files = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  const test_support::TempDir directory("cgp");
  LateDelivery delivery;
  const auto host = ValueOrDie(grpc_support::Host::Start(
      {.addresses = {absl::StrCat("unix:", directory.File("delivery.sock"))}}, {&delivery}));
  GatewayProcess gateway(directory, {absl::StrCat("--delivery=", host->address())});
  const auto poll = [&](size_t count) {
    std::vector<std::unique_ptr<Poll>> polls;
    while (polls.size() < count) polls.push_back(std::make_unique<Poll>(gateway.address(), 60));
    EXPECT_TRUE(Eventually([&] { return delivery.waiting() == count; })) << delivery.waiting();
    return polls;
  };
  for (const auto& first : poll(10)) {
    delivery.Answer();
    EXPECT_TRUE(first->IsAnswered());
  }
  const int64_t before = gateway.ResidentBytes();
  const auto polls = poll(kPolls);
  const int64_t grown = gateway.ResidentBytes() - before;
  std::printf("figure gateway.idle_polls polls=%zu mib=%.1f\n", kPolls,
              static_cast<double>(grown) / (1024 * 1024));
  delivery.Answer();
  for (const auto& each : polls) EXPECT_TRUE(each->IsAnswered());
  EXPECT_LT(grown, int64_t{50} << 20);
  EXPECT_EQ(gateway.process().Terminate(test_support::kPatience), 0) << gateway.log();
  host->Shutdown(absl::ZeroDuration());
}

}  // namespace
}  // namespace cognate
