// Uploads and downloads over HTTP, at a gateway and services that can be killed one by one.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/files/digest.h"
#include "tests/end_to_end/gateway_process.h"

namespace cognate {

// Bytes that no compression makes smaller; the same for the same seed.
inline std::string RandomBytes(size_t size, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (size_t at = 0; at < size; at += 8) {
    const uint64_t word = random();
    bytes.replace(at, std::min<size_t>(8, size - at), reinterpret_cast<const char*>(&word),
                  std::min<size_t>(8, size - at));
  }
  return bytes;
}

inline std::string HashOf(const std::string& bytes) { return absl::BytesToHexString(files::Sha256(bytes)); }

class TusFixture : public ::testing::Test {
 protected:
  using Headers = std::vector<std::string>;
  using Answer = test_support::HttpAnswer;

  static constexpr char kLinkKey[] = "the-key-of-the-links-of-a-test-cluster";

  TusFixture() : cluster_(WithLinkKey()) {}

  // As every setting: by the environment.
  static cluster::Shape WithLinkKey() {
    setenv("COGNATE_LINK_KEY", kLinkKey, /*replace=*/1);  // NOLINT(concurrency-mt-unsafe)
    return cluster::Shape::kOneEach;
  }

  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = cluster_.ChannelTo("platform-registry");
    for (const char* platform : {"shop", "blog"}) {
      v1::CreatePlatformRequest request;
      request.mutable_platform()->set_name(absl::StrCat("platforms/", platform));
      request.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
      request.mutable_platform()->set_channel(v1::CHANNEL_AGENT);
      const auto stub = v1::PlatformRegistryService::NewStub(registry_);
      ASSERT_THAT(grpc_support::Call(*stub, &v1::PlatformRegistryService::Stub::CreatePlatform, request,
                                     {.timeout = test_support::kPatience}),
                  test_support::IsOk());
    }
    key_ = MakeKey(v1::ROLE_PLATFORM, "shop");
    operator_key_ = MakeKey(v1::ROLE_OPERATOR, "");
    StartGateway();
  }

  std::string MakeKey(v1::Role role, const std::string& platform) {
    v1::CreateKeyRequest request;
    request.mutable_key()->set_role(role);
    request.mutable_key()->set_platform(platform);
    const auto keys = v1::KeyService::NewStub(registry_);
    return test_support::ValueOrDie(grpc_support::Call(*keys, &v1::KeyService::Stub::CreateKey, request,
                                                       {.timeout = test_support::kPatience}))
        .secret();
  }

  // Again at the address where it was.
  void StartGateway() {
    gateway_ = std::make_unique<GatewayProcess>(directory_, Peers(cluster_),
                                                std::vector<std::pair<std::string, std::string>>(),
                                                address_.empty() ? "127.0.0.1:0" : address_);
    address_ = gateway_->address();
  }
  void KillGateway() { gateway_->process().Kill(); }

  std::string Url(const std::string& path) const { return absl::StrCat("http://", address_, path); }

  Answer Ask(const std::string& method, const std::string& path, const Headers& headers = {},
             const std::string& body = "", bool http2 = false) const {
    test_support::HttpCall call;
    call.url = Url(path);
    call.method = method;
    call.headers = headers;
    call.body = body;
    call.http2 = http2;
    return test_support::HttpClient().Call(call);
  }

  Headers Own() const { return {absl::StrCat("authorization: Bearer ", key_)}; }
  Headers Operator() const { return {absl::StrCat("authorization: Bearer ", operator_key_)}; }

  Answer Tus(const std::string& method, const std::string& path, Headers headers = {},
             const std::string& body = "", bool http2 = false) const {
    for (const std::string& header : Own()) headers.push_back(header);
    headers.emplace_back("tus-resumable: 1.0.0");
    return Ask(method, path, headers, body, http2);
  }

  // The path of a new upload.
  std::string Create(int64_t size, Headers headers = {}) const {
    headers.push_back(absl::StrCat("upload-length: ", size));
    const Answer answer = Tus("POST", "/files/tus", std::move(headers));
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.Header("location");
  }

  Answer Patch(const std::string& path, int64_t offset, const std::string& bytes, Headers headers = {},
               bool http2 = false) const {
    headers.push_back(absl::StrCat("upload-offset: ", offset));
    headers.emplace_back("content-type: application/offset+octet-stream");
    return Tus("PATCH", path, std::move(headers), bytes, http2);
  }

  std::string OffsetOf(const std::string& path) const { return Tus("HEAD", path).Header("upload-offset"); }

  // What is stored under the hash.
  std::string Stored(const std::string& hash) const {
    return Ask("GET", absl::StrCat("/files/sha256/", hash), Operator()).body;
  }

  std::string WriteFile(const std::string& name, const std::string& bytes) const {
    std::ofstream(directory_.File(name), std::ios::binary) << bytes;
    return directory_.File(name);
  }

  test_support::TempDir directory_{"tus"};
  cluster::Cluster cluster_;
  std::shared_ptr<grpc::Channel> registry_;
  std::string key_;
  std::string operator_key_;
  std::string address_;
  std::unique_ptr<GatewayProcess> gateway_;
};

}  // namespace cognate
