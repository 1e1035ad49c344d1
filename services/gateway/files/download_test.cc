// Downloads, from a service of the test's own.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/clock/clock.h"
#include "common/files/digest.h"
#include "common/grpc/host.h"
#include "common/health/readiness.h"
#include "common/metrics/metrics.h"
#include "gtest/gtest.h"
#include "services/gateway/files/downloads.h"
#include "services/gateway/server.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"
#include "tests/support/raw_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::gateway {
namespace {

using test_support::Eventually;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::IsOk;
using test_support::RawClient;
using test_support::ValueOrDie;

// Has one content.
class FakeFiles final : public v1::FileTransferService::Service {
 public:
  grpc::Status GetFile(grpc::ServerContext* context, const v1::GetFileRequest*,
                       v1::GetFileResponse* response) override {
    ++asked;
    while (held && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(2));
    response->mutable_file()->set_sha256(files::Sha256(content));
    response->mutable_file()->set_size_bytes(static_cast<int64_t>(content.size()));
    return grpc::Status::OK;
  }

  grpc::Status Read(grpc::ServerContext*, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadResponse>* writer) override {
    const auto end = static_cast<size_t>(request->offset() + request->limit());
    for (auto at = static_cast<size_t>(request->offset()); at < end; at += kPiece) {
      v1::ReadResponse response;
      response.set_data(content.substr(at, std::min(kPiece, end - at)));
      writer->Write(response);
    }
    return grpc::Status::OK;
  }

  static constexpr size_t kPiece = 16 << 10;
  const std::string content = std::string(size_t{1} << 20, 'x');
  std::atomic<int> asked = 0;
  std::atomic<bool> held = false;
};

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    host_ = ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("grpc.sock"))}}, {&files_}));
    Config config;
    const std::string address = host_->address();
    config.peers = {address, address, address, address, address, address};
    config.http = {"127.0.0.1:0"};
    server_ = ValueOrDie(Server::Create(config, {Clock::Real(), metrics_, readiness_}));
    EXPECT_THAT(server_->Start(), IsOk());
  }
  ~DownloadTest() override {
    files_.held = false;
    server_.reset();
    host_->Shutdown(absl::ZeroDuration());
  }

  std::string Path() const {
    return absl::StrCat("/files/sha256/", absl::BytesToHexString(files::Sha256(files_.content)));
  }
  std::string Request() const {
    return absl::StrCat("GET ", Path(), " HTTP/1.1\r\nhost: x\r\ncognate-platform: shop\r\n\r\n");
  }
  bool Connections(int count) {
    return absl::StrContains(metrics_.Text(), absl::StrCat("cognate_http_connections ", count, "\n"));
  }

  test_support::TempDir directory_{"gw"};
  FakeFiles files_;
  metrics::Registry metrics_;
  health::Readiness readiness_;
  std::unique_ptr<grpc_support::Host> host_;
  std::unique_ptr<Server> server_;
};

TEST_F(DownloadTest, WhoHasGoneBeforeTheFileIsKnownKeepsNoSeat) {
  constexpr int kAtOnce = 10;
  for (int left = 0; left < Downloads::kMostOfAddress + kAtOnce; left += kAtOnce) {
    files_.asked = 0;
    files_.held = true;
    {
      std::vector<std::unique_ptr<RawClient>> clients;
      for (int i = 0; i < kAtOnce; ++i) {
        clients.push_back(std::make_unique<RawClient>(server_->port()));
        ASSERT_TRUE(clients.back()->Send(Request()));
      }
      ASSERT_TRUE(Eventually([&] { return files_.asked == kAtOnce; }));
    }
    ASSERT_TRUE(Eventually([&] { return Connections(0); })) << metrics_.Text();
    files_.held = false;
  }
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", server_->port(), Path());
  call.method = "GET";
  call.headers = {"cognate-platform: shop"};
  const test_support::HttpAnswer answer = HttpClient().Call(call);
  EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 200);
  EXPECT_TRUE(answer.body == files_.content);
}

TEST_F(DownloadTest, WhoGoesWhileItIsReadKeepsNoSeat) {
  for (int left = 0; left < Downloads::kMostOfAddress + 10; ++left) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.Send(Request()));
    ASSERT_TRUE(Eventually([&] { return files_.asked > left; }));
  }
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", server_->port(), Path());
  call.method = "GET";
  call.headers = {"cognate-platform: shop"};
  EXPECT_TRUE(Eventually([&] { return HttpClient().Call(call).status == 200; }));
}

}  // namespace
}  // namespace cognate::gateway
