// `cognate up` with its door for HTTP, and keys.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/process/process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate {

// The reason of an error in the words of the Connect protocol; empty without one.
inline std::string ReasonOf(const test_support::HttpAnswer& answer) {
  const auto error = nlohmann::json::parse(answer.body, nullptr, false);
  if (error.is_discarded() || !error.contains("details")) return "";
  for (const auto& detail : error["details"]) {
    if (detail["type"] == "google.rpc.ErrorInfo") return detail["debug"]["reason"];
  }
  return "";
}

class GatewayFixture : public ::testing::Test {
 protected:
  // gRPC on a socket and on loopback, where whoever shows nothing is an operator; HTTP on loopback.
  void StartUp(std::vector<std::string> arguments = {}) {
    const std::string ready_file = directory_.File("ready.json");
    const std::vector<std::string> own = {test_support::Program("cognate"),
                                          "up",
                                          absl::StrCat("--data-dir=", directory_.File("data")),
                                          absl::StrCat("--listen=", socket_, ",127.0.0.1:0"),
                                          "--plaintext",
                                          "--anonymous-role=operator",
                                          "--admin=127.0.0.1:0",
                                          "--http=127.0.0.1:0",
                                          absl::StrCat("--ready-file=", ready_file)};
    arguments.insert(arguments.begin(), own.begin(), own.end());
    auto spawned = process::Process::Spawn({.argv = arguments, .log_file = directory_.File("up.log")});
    ASSERT_THAT(spawned, test_support::IsOk());
    up_ = *std::move(spawned);
    ASSERT_TRUE(
        test_support::Eventually([&] { return std::filesystem::exists(ready_file) || !up_.Running(); }));
    const nlohmann::json ready = nlohmann::json::parse(contract::ReadFile(ready_file), nullptr, false);
    ASSERT_FALSE(ready.is_discarded()) << contract::ReadFile(directory_.File("up.log"));
    url_ = absl::StrCat("http://", ready["http"][0].get<std::string>());
    tcp_address_ = absl::StrCat("127.0.0.1:", ready["grpc_port"].get<int>());
    local_ = grpc_support::MakeChannel(socket_);
  }
  void TearDown() override { EXPECT_EQ(up_.Terminate(test_support::kPatience), 0); }

  std::string Rpc(const std::string& method) const { return absl::StrCat(url_, "/cognate.v1.", method); }

  test_support::HttpAnswer Post(const std::string& method, const std::string& json,
                                const std::string& key = "",
                                const std::vector<std::string>& headers = {}) const {
    test_support::HttpCall call;
    call.url = Rpc(method);
    call.headers = headers;
    call.headers.push_back("content-type: application/json");
    if (!key.empty()) call.headers.push_back(absl::StrCat("authorization: Bearer ", key));
    call.body = json;
    return test_support::HttpClient().Call(call);
  }

  // By who is on this machine.
  v1::CreateKeyResponse MakeKey(v1::Role role, const std::string& platform = "",
                                const std::string& allowed_address = "") {
    v1::CreateKeyRequest request;
    request.mutable_key()->set_role(role);
    request.mutable_key()->set_platform(platform);
    request.mutable_key()->set_display_name("test");
    if (!allowed_address.empty()) request.mutable_key()->add_allowed_addresses(allowed_address);
    const auto keys = v1::KeyService::NewStub(local_);
    return test_support::ValueOrDie(grpc_support::Call(*keys, &v1::KeyService::Stub::CreateKey, request,
                                                       {.timeout = test_support::kPatience}));
  }

  void MakePlatform(const std::string& id) {
    v1::CreatePlatformRequest request;
    request.mutable_platform()->set_name(absl::StrCat("platforms/", id));
    request.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
    request.mutable_platform()->set_channel(v1::CHANNEL_AGENT);
    const auto registry = v1::PlatformRegistryService::NewStub(local_);
    ASSERT_THAT(grpc_support::Call(*registry, &v1::PlatformRegistryService::Stub::CreatePlatform, request,
                                   {.timeout = test_support::kPatience}),
                test_support::IsOk());
  }

  test_support::TempDir directory_{"cgw"};
  const std::string socket_ = absl::StrCat("unix:", directory_.File("grpc.sock"));
  std::string url_;
  std::string tcp_address_;
  process::Process up_;
  std::shared_ptr<grpc::Channel> local_;
};

}  // namespace cognate
